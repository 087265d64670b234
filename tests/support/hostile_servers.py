"""What servers do wrong, and right: the scripts of the network matrix, by what they lead to."""

from collections.abc import Sequence

from scripted_server import (
    RESET,
    STALL,
    Script,
    Step,
    chunk,
    completion,
    event,
    gzipped,
    reply,
    reply_events,
    response,
    status,
    usage_chunk,
)

from notelog.core.reply import ReplyState

START = event(chunk("Hello"))
END = event(chunk(finish_reason="stop"))
BROKEN = {"error": {"message": "the model fell over", "type": "server_error", "code": None}}
DOUBTFUL: list[tuple[str, Script]] = [
    ("stall before the head", [STALL]),
    ("reset before the head", [RESET]),
    ("closed without an answer", []),
    ("stall before the body", response(STALL)),
    ("408", status(408)),
    ("409", status(409)),
    ("500", status(500)),
    ("502 with a page", status(502, "<html><h1>Bad gateway</h1></html>")),
    ("504", status(504)),
    ("404 cut in its body", response(b'{"error"', code=404, framing="length", end=False)),
    ("HTML with status 200", status(200, "<!doctype html><title>Welcome</title>")),
    ("JSON cut in the middle", response(b'{"choices": [', framing="length", end=False)),
    ("JSON that is no object", status(200, ["no"])),
    ("bad JSON", response(b"data: {no}\n\n")),
    ("bad UTF-8", response(b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n')),
    ("an error object", response(event(BROKEN))),
    ("an empty body", response()),
    ("only pings", response(b": ping\n\n", b"event: ping\ndata: {}\n\n")),
    ("only DONE", response(event("[DONE]"))),
    ("empty choices", response(event({**chunk(), "choices": []}))),
    ("null content", response(event(chunk(content=None)))),
    ("a line without end", response(*[b"data: " + b"x" * 1_000_000] * 6)),
    ("a body of 200 MB", response(*[b": " + b"x" * 999_997 + b"\n"] * 200, framing="close")),
    ("a gzip bomb", gzipped([bytes(200_000_000)])),
    ("a damaged gzip body", response(b"\x1f\x8bno", headers={"Content-Encoding": "gzip"})),
    ("brotli", response(b"\x00", headers={"Content-Encoding": "br"})),
    ("no HTTP", [b"SSH-2.0-OpenSSH_9.9\r\n\r\n"]),
    ("a head without end", [b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 40_000]),
    ("only reasoning", response(event(chunk(reasoning_content="hm")), framing="close")),
    ("only thinking", response(event(chunk("<think>hm")), framing="close")),
    ("only blanks", response(event(chunk(" ")), framing="close")),
    ("content of an unknown type", response(event(chunk(content=42)))),
]
"""Whatever leaves it open whether a model ran, without a word of a reply."""
CUT: list[tuple[str, Sequence[Step]]] = [
    ("stall", response(START, STALL)),
    ("reset", response(START, RESET)),
    ("closed, chunked", response(START, end=False)),
    ("closed, to the end", response(START, framing="close")),
    ("DONE without a finish_reason", response(START, event("[DONE]"))),
    ("an error object", response(START, event(BROKEN))),
    ("a refusal-like error object", response(START, event({"error": {"code": 401}}))),
    ("bad JSON", response(START, b"data: {no}\n\n")),
    ("bad UTF-8", response(START, b"data: \xff\n\n")),
    ("a line without end", response(START, *[b"data: " + b"x" * 1_000_000] * 6)),
    ("null finish_reason and usage", response(START, event(usage_chunk()), event("[DONE]"))),
    ("finish_reason error", response(START, event(chunk(finish_reason="error")))),
]
"""What ends a reply that has begun with ``Hello``."""
FINAL: list[tuple[Script, str]] = [
    (status(400), "other"),
    (status(401), "key"),
    (status(402), "quota"),
    (status(403), "forbidden"),
    (status(404), "model"),
    (status(413), "size"),
    (status(422, {"detail": [{"loc": ["body", "seed"], "msg": "wrong"}]}), "parameter"),
    (status(429, {"error": {"message": "no", "code": "insufficient_quota"}}), "quota"),
    (status(301, headers={"Location": "https://elsewhere.example/v1"}), "redirect"),
    (status(302, headers={"Location": "/v2"}), "redirect"),
    (status(307, headers={"Location": "https://elsewhere.example/v1"}), "redirect"),
    (status(308), "redirect"),
    (response(event({"error": {"code": 401, "message": "no"}})), "key"),
    (response(event({"error": {"type": "rate_limit_error", "message": "slow"}})), "rate"),
    (status(200, {"error": {"message": "bad", "type": "invalid_request_error"}}), "other"),
]
"""A complete no, and the reason that it gives."""
ENDS: list[tuple[str, Script, ReplyState, str]] = [
    ("stop", reply("Hello you"), ReplyState.COMPLETE, "Hello you"),
    ("length", reply("Hello", finish_reason="length"), ReplyState.LENGTH, "Hello"),
    ("filter", reply("He", finish_reason="content_filter"), ReplyState.FILTERED, "He"),
    ("tools", reply("He", finish_reason="tool_calls"), ReplyState.COMPLETE, "He"),
    ("unknown", reply("He", finish_reason="because"), ReplyState.COMPLETE, "He"),
    ("empty", response(END), ReplyState.EMPTY, ""),
    ("blanks", response(event(chunk(" \n")), END), ReplyState.EMPTY, ""),
    ("refusal", response(event(chunk(refusal="I will not")), END), ReplyState.REFUSED, ""),
    ("no stream", completion("Hello"), ReplyState.COMPLETE, "Hello"),
    ("no stream, no text", completion(None), ReplyState.EMPTY, ""),
    ("no stream, refusal", completion(None, refusal="no"), ReplyState.REFUSED, ""),
    ("gzip", gzipped(reply_events("Hello")), ReplyState.COMPLETE, "Hello"),
    ("CR LF", response(START.replace(b"\n", b"\r\n"), END), ReplyState.COMPLETE, "Hello"),
    ("no blank after data", response(b"data:" + START[6:], END), ReplyState.COMPLETE, "Hello"),
    ("no blank line", response(START[:-1], END[:-1]), ReplyState.COMPLETE, "Hello"),
    ("no last line end", response(START, END.strip()), ReplyState.COMPLETE, "Hello"),
    (
        "lines of data",
        response(b'data: {"choices":\ndata: [{"delta": {"content": "Hello"}}]}\n\n', END),
        ReplyState.COMPLETE,
        "Hello",
    ),
    (
        "pings",
        response(b": hi\n\n", START, b"event: ping\ndata: {}\n\n", END),
        ReplyState.COMPLETE,
        "Hello",
    ),
    ("a BOM", response(b"\xef\xbb\xbf" + START, END), ReplyState.COMPLETE, "Hello"),
    ("reset after the end", response(START, END, RESET), ReplyState.COMPLETE, "Hello"),
    (
        "list content",
        response(event(chunk(content=[{"type": "text", "text": "Hello"}])), END),
        ReplyState.COMPLETE,
        "Hello",
    ),
    (
        "deepseek",
        response(event(chunk(reasoning_content="hm")), START, END),
        ReplyState.COMPLETE,
        "Hello",
    ),
    (
        "openrouter",
        response(event(chunk(reasoning="hm")), START, END),
        ReplyState.COMPLETE,
        "Hello",
    ),
    (
        "think",
        response(event(chunk("<think>hm</think>\n\nHello")), END),
        ReplyState.COMPLETE,
        "Hello",
    ),
    ("think to the end", response(event(chunk("<think>hm")), END), ReplyState.EMPTY, ""),
]
"""Every way to end a reply: what is sent, how it counts, its text."""
OVERFLOWS = [
    "maximum context length is 4097 tokens, However, you requested 4382 (382 in the messages)",
    "This endpoint's maximum context length is 4097 tokens, however you requested 4322 tokens",
    "prompt is too long: 207791 tokens > 200000 maximum",
    "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000",
    "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).",
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
    "Range of input length should be [1, 983616]",
    "Prompt contains 65673 tokens, too large for model with 32768 maximum context length",
    "keep the first 111490 tokens when context the overflows ... context length of only 32768",
    "Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens).",
    "Your request exceeded model token limit: 262144 (requested: 291351)",
]
"""A conversation that is too long, in the words of each server."""
WINDOWS = [4097, 4097, 200000, 200000, 1048576, 131072, 983616, 32768, 32768, 59862, 262144]
"""The windows that those words name."""
