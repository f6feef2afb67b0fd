import { describe, expect, it } from "vitest";
import { classify, retryAfter } from "./s3-errors.ts";
import { S3AnswerError, S3ConnectionError } from "./s3-failures.ts";

const xml = (code: string, message = "") =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
const verdict = (status: number, body = "", headers = {}, request = {}) =>
  classify(new S3AnswerError(status, headers, body, request), Date.UTC(2026, 0, 1));

describe("the table of errors", () => {
  it.each([
    [301, "PermanentRedirect", "InvalidConfig"],
    [304, "", "NotModified"],
    [307, "TemporaryRedirect", "Unavailable"],
    [400, "", "InvalidArgument"],
    [400, "AuthorizationHeaderMalformed", "InvalidConfig"],
    [400, "ExpiredToken", "Unauthenticated"],
    [400, "BadDigest", "ChecksumMismatch"],
    [400, "XAmzContentSHA256Mismatch", "ChecksumMismatch"],
    [400, "IncompleteBody", "IncompleteBody"],
    [400, "RequestTimeout", "Timeout"],
    [400, "EntityTooLarge", "TooLarge"],
    [400, "EntityTooSmall", "InvalidArgument"],
    [400, "InvalidPart", "InvalidArgument"],
    [400, "KeyTooLongError", "InvalidKey"],
    [400, "InvalidObjectName", "InvalidKey"],
    [400, "MetadataTooLarge", "InvalidArgument"],
    [400, "ThrottlingException", "RateLimited"],
    [400, "XMinioAdminBucketQuotaExceeded", "QuotaExceeded"],
    [401, "", "Unauthenticated"],
    [403, "", "PermissionDenied"],
    [403, "AccessDenied", "PermissionDenied"],
    [403, "UserSuspended", "Unauthenticated"],
    [403, "AccountProblem", "Unauthenticated"],
    [403, "SignatureDoesNotMatch", "Unauthenticated"],
    [403, "InvalidAccessKeyId", "Unauthenticated"],
    [403, "RequestTimeTooSkewed", "Unauthenticated"],
    [403, "QuotaExceeded", "QuotaExceeded"],
    [403, "InvalidObjectState", "Unsupported"],
    [403, "ObjectNotInActiveTierError", "Unsupported"],
    [404, "", "NotFound"],
    [404, "NoSuchKey", "NotFound"],
    [404, "NoSuchVersion", "NotFound"],
    [404, "NoSuchUpload", "NotFound"],
    [404, "NoSuchBucket", "BucketNotFound"],
    [405, "MethodNotAllowed", "Unsupported"],
    [408, "", "Timeout"],
    [409, "ConditionalRequestConflict", "Conflict"],
    [411, "MissingContentLength", "InvalidArgument"],
    [412, "PreconditionFailed", "PreconditionFailed"],
    [413, "EntityTooLarge", "TooLarge"],
    [416, "InvalidRange", "InvalidRange"],
    [418, "", "Unknown"],
    [429, "TooManyRequests", "RateLimited"],
    [500, "InternalError", "Unavailable"],
    [501, "NotImplemented", "Unsupported"],
    [502, "", "Unavailable"],
    [503, "SlowDown", "RateLimited"],
    [503, "SlowDownWrite", "RateLimited"],
    [503, "ServiceUnavailable", "Unavailable"],
    [504, "", "Timeout"],
    [507, "", "QuotaExceeded"],
    [599, "", "Unavailable"],
    // A code that does not fit its status is not believed.
    [500, "NoSuchKey", "Unavailable"],
    [403, "NoSuchKey", "PermissionDenied"],
    [404, "constructor", "NotFound"],
    // CopyObject and CompleteMultipartUpload answer before they are done (S11).
    [200, "InternalError", "Unavailable"],
    [200, "SlowDown", "RateLimited"],
    [200, "NoSuchUpload", "NotFound"],
  ])("calls %i %s %s (M02)", (status, code, expected) => {
    expect(verdict(status, code === "" ? "" : xml(code))).toMatchObject({ code: expected, status });
  });

  it("tells a lost race to create from a stale version", () => {
    expect(verdict(412, "", {}, { demanded: "create" })?.code).toBe("AlreadyExists");
    expect(verdict(412, "", {}, { demanded: "replace" })?.code).toBe("PreconditionFailed");
    expect(verdict(500, xml("UnknownError"), {}, { demanded: "replace" })?.code).toBe("Conflict");
    expect(verdict(500, xml("UnknownError"))?.code).toBe("Unavailable");
  });

  it("names the region that the service names (M05)", () => {
    const body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>";
    expect(verdict(400, body)?.hint).toBe('Set region: "eu-west-3"');
    expect(verdict(301, "", { "x-amz-bucket-region": "eu-west-3" })?.hint).toBe('Set region: "eu-west-3"');
    expect(verdict(301)?.hint).toMatch(/region/);
  });

  it("says that a clock is wrong (M06, S14)", () => {
    expect(verdict(403, xml("RequestTimeTooSkewed"))).toMatchObject({
      persistence: "temporary",
      hint: expect.stringMatching(/clock/),
    });
  });

  it("says what a refusal can mean by what was asked for, and what a suspended account needs", () => {
    expect(verdict(403, xml("AccessDenied"), {}, { reads: true, readsObject: true })?.hint).toMatch(/missing key/);
    // A listing, a put: no key can be missing.
    expect(verdict(403, xml("AccessDenied"), {}, { reads: true, readsObject: false })?.hint).toBeUndefined();
    expect(verdict(403, xml("AccessDenied"))?.hint).toBeUndefined();
    expect(verdict(403, xml("UserSuspended"))?.hint).toMatch(/account enabled/);
    expect(verdict(403, xml("UserSuspended"), {}, { readsObject: true })?.hint).toMatch(/account enabled/);
  });

  it("takes no gateway's page for an object that is missing (M07, S15)", () => {
    for (const status of [200, 301, 400, 404, 409, 412]) {
      expect(verdict(status, "<html><body>It works!</body></html>")?.code).toBe("Unavailable");
    }
    expect(verdict(502, "<html>")?.code).toBe("Unavailable");
    expect(verdict(403, "<html>blocked</html>")?.code).toBe("PermissionDenied");
  });

  it("reads Retry-After in seconds and as a date", () => {
    const now = Date.UTC(2026, 0, 1);
    expect(retryAfter("7", now)).toBe(7000);
    expect(retryAfter("Thu, 01 Jan 2026 00:00:30 GMT", now)).toBe(30_000);
    expect(retryAfter("Wed, 31 Dec 2025 00:00:30 GMT", now)).toBe(0);
    expect(retryAfter("soon", now)).toBeUndefined();
    expect(verdict(503, xml("SlowDown"), { "retry-after": "3", "x-amz-request-id": "r1" })).toMatchObject({
      retryAfterMs: 3000,
      requestId: "r1",
    });
  });

  it("repeats the service's words, but none about signatures and no long ones (M08)", () => {
    expect(verdict(400, xml("InvalidRequest", "Missing something"))?.message).toContain("Missing something");
    expect(verdict(403, xml("SignatureDoesNotMatch", "we calculated abc123"))?.message).not.toContain("abc123");
    expect(verdict(400, xml("InvalidRequest", "x".repeat(5000)))?.message.length).toBeLessThan(400);
  });

  it("says of a failed write that it may have been done, and of a failed read nothing", () => {
    expect(verdict(500)?.applied).toBe("unknown");
    expect(verdict(500, "", {}, { reads: true })?.applied).toBeUndefined();
    expect(verdict(503, xml("SlowDown"))?.applied).toBeUndefined();
  });
});

describe("failed connections", () => {
  const failed = (code: string, applied?: "unknown") =>
    classify(new S3ConnectionError(Object.assign(new Error("x"), { code }), applied));

  it.each([
    ["ECONNREFUSED", "Unavailable"],
    ["ENOTFOUND", "Unavailable"],
    ["EAI_AGAIN", "Unavailable"],
    ["ECONNRESET", "Unavailable"],
    ["EPIPE", "Unavailable"],
    ["ETIMEDOUT", "Timeout"],
    ["HTTP_CONNECT_TIMEOUT", "Timeout"],
    ["HTTP_HEADERS_TIMEOUT", "Timeout"],
    ["HTTP_BODY_TIMEOUT", "Timeout"],
    ["HTTP_CUT", "Unavailable"],
    ["HTTP_ANSWER_TOO_LONG", "IncompleteBody"],
    ["HTTP_BAD_ANSWER", "Unavailable"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "InvalidConfig"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "InvalidConfig"],
    ["NEVER_HEARD_OF", "Unavailable"],
  ])("calls %s %s", (code, expected) => {
    expect(failed(code)?.code).toBe(expected);
  });

  it("looks into causes and into the failures of several addresses", () => {
    const inner = Object.assign(new Error("x"), { code: "ECONNREFUSED" });
    expect(classify(new S3ConnectionError(new Error("y", { cause: inner }), undefined))?.message).toContain("refused");
    expect(classify(new S3ConnectionError(new AggregateError([inner]), undefined))?.message).toContain("refused");
  });

  it("knows that a refused connection did nothing, and that a reset may have", () => {
    expect(failed("ECONNREFUSED", "unknown")?.applied).toBeUndefined();
    expect(failed("ECONNRESET", "unknown")?.applied).toBe("unknown");
  });
});

describe("exceptions of the AWS SDK", () => {
  const exception = (name: string, httpStatusCode?: number) =>
    Object.assign(new Error("x"), { name, $metadata: { httpStatusCode, requestId: "r2" } });

  it("are read by the same table", () => {
    expect(classify(exception("AccessDenied", 403))).toMatchObject({ code: "PermissionDenied", requestId: "r2" });
    expect(classify(exception("Unknown", 404))?.code).toBe("NotFound");
    expect(classify(exception("BucketAlreadyExists", 409))).toMatchObject({
      code: "Conflict",
      persistence: "permanent",
    });
    expect(classify(exception("TimeoutError"))?.code).toBe("Timeout");
  });

  it("and nothing else is claimed to be understood", () => {
    expect(classify(new TypeError("x"))).toBeUndefined();
    expect(classify("text")).toBeUndefined();
    expect(classify(undefined)).toBeUndefined();
  });
});
