import { describe, expect, it } from "vitest";
import { framingOf, keepAliveMs, parseAnswerHead } from "../src/answer-head.ts";

const head = (...lines: string[]) => parseAnswerHead(["HTTP/1.1 200 OK", ...lines].join("\r\n"));

describe("the head of an answer", () => {
  it("has a status, and headers under lower-case names without the spaces around their values", () => {
    const { status, headers } = parseAnswerHead(
      'HTTP/1.1 206 Partial Content\r\nETag:"abc"\r\nX-Amz-Meta-A: \t b c \r\nDate: Mon, 23 Nov 2026 06:00:00 GMT',
    );
    expect(status).toBe(206);
    expect({ ...headers }).toEqual({
      etag: '"abc"',
      "x-amz-meta-a": "b c",
      date: "Mon, 23 Nov 2026 06:00:00 GMT",
    });
  });

  it("needs no reason phrase, and takes an empty value", () => {
    expect(parseAnswerHead("HTTP/1.1 404 ").status).toBe(404);
    expect(parseAnswerHead("HTTP/1.1 404\r\nx-empty:").headers["x-empty"]).toBe("");
  });

  it("joins what comes several times", () => {
    expect(head("Vary: a", "vary: b").headers["vary"]).toBe("a, b");
  });

  it("takes no name for what every object has", () => {
    expect(head("x: y").headers["constructor"]).toBeUndefined();
    expect(head("__proto__: y").headers["__proto__"]).toBe("y");
  });

  it.each([
    ["nothing", ""],
    ["another protocol", "HTTP/2 200 OK"],
    ["another version", "HTTP/1.2 200 OK"],
    ["no number", "HTTP/1.1 2x0 OK"],
    ["a number that is no status", "HTTP/1.1 099 OK"],
    ["a status of four digits", "HTTP/1.1 2000 OK"],
    ["a line without a colon", "HTTP/1.1 200 OK\r\nno colon here"],
    ["a value that goes on in the next line", "HTTP/1.1 200 OK\r\na: b\r\n c: d"],
    ["a space before the colon", "HTTP/1.1 200 OK\r\na : b"],
    ["a header without a name", "HTTP/1.1 200 OK\r\n: b"],
    ["an empty line in the middle", "HTTP/1.1 200 OK\r\n\r\na: b"],
  ])("refuses %s", (_, text) => {
    expect(() => parseAnswerHead(text)).toThrow(expect.objectContaining({ code: "HTTP_BAD_ANSWER" }));
  });

  it.each([
    ["HTTP/1.1 200 OK", true],
    ["HTTP/1.1 200 OK\r\nConnection: close", false],
    ["HTTP/1.1 200 OK\r\nConnection: Upgrade, Close", false],
    ["HTTP/1.1 200 OK\r\nConnection: closest", true],
    ["HTTP/1.0 200 OK", false],
    ["HTTP/1.0 200 OK\r\nConnection: Keep-Alive", true],
  ])("says whether the connection lives on: %j %s", (text, keepsAlive) => {
    expect(parseAnswerHead(text).keepsAlive).toBe(keepsAlive);
  });
});

describe("how the end of a body is known", () => {
  it.each([
    ["GET", 200, [], { kind: "until-close" }],
    ["GET", 200, ["content-length: 12"], { kind: "length", bytes: 12 }],
    ["GET", 200, ["content-length: 12", "content-length: 12"], { kind: "length", bytes: 12 }],
    ["GET", 200, ["transfer-encoding: Chunked"], { kind: "chunked" }],
    ["HEAD", 200, ["content-length: 12"], { kind: "length", bytes: 0 }],
    ["HEAD", 200, ["transfer-encoding: chunked"], { kind: "length", bytes: 0 }],
    ["GET", 304, ["content-length: 12"], { kind: "length", bytes: 0 }],
    ["DELETE", 204, [], { kind: "length", bytes: 0 }],
  ] as const)("%s %i %j", (method, status, lines, framing) => {
    const parsed = parseAnswerHead([`HTTP/1.1 ${status} x`, ...lines].join("\r\n"));
    expect(framingOf(method, parsed)).toEqual(framing);
  });

  it.each([
    ["two lengths", ["content-length: 12", "content-length: 13"]],
    ["a negative length", ["content-length: -1"]],
    ["a length with a sign", ["content-length: +1"]],
    ["a length in another notation", ["content-length: 0x10"]],
    ["no length", ["content-length:"]],
    ["more than can be counted", ["content-length: 99999999999999999999"]],
    ["a length and chunks", ["content-length: 1", "transfer-encoding: chunked"]],
    ["an encoding that nobody asked for", ["transfer-encoding: gzip, chunked"]],
  ])("refuses %s, which proxies may read in another way", (_, lines) => {
    expect(() => framingOf("GET", head(...lines))).toThrow(expect.objectContaining({ code: "HTTP_BAD_ANSWER" }));
  });
});

it.each([
  ["timeout=5", 5_000],
  ["max=100, timeout=20", 20_000],
  ["max=100", undefined],
  ["timeout=soon", undefined],
])("keep-alive: %s means %s ms", (value, ms) => {
  expect(keepAliveMs(head(`Keep-Alive: ${value}`).headers)).toBe(ms);
});
