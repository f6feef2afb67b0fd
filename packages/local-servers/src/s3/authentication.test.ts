import { describe, expect, it } from "vitest";
import { type AuthenticationRules, authenticator } from "./authentication.ts";
import { parseTarget } from "./request-target.ts";

// The examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, whose signatures
// are AWS's own: nobody can have made the same mistake twice.
const KEY = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
const DATE = "20130524T000000Z";
const SCOPE = `${KEY.accessKeyId}/20130524/us-east-1/s3/aws4_request`;
const HOST = "examplebucket.s3.amazonaws.com";
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const NOW = Date.parse("2013-05-24T00:00:00Z");
const MINUTE = 60_000;

function rules(changes: Partial<AuthenticationRules> = {}): AuthenticationRules {
  return { users: [KEY], regions: ["us-east-1"], clock: () => NOW, ...changes };
}

function request(method: string, target: string, headers: Readonly<Record<string, string>>) {
  return {
    method,
    target: parseTarget(target, HOST, { plusInPath: "space", hosts: ["s3.amazonaws.com"] }),
    headers: new Map(Object.entries({ host: HOST, ...headers })),
  };
}

function signed(names: string, signature: string, scope = SCOPE): string {
  return `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=${names},Signature=${signature}`;
}

const GET_RANGE = request("GET", "/test.txt", {
  range: "bytes=0-9",
  "x-amz-content-sha256": EMPTY,
  "x-amz-date": DATE,
  authorization: signed(
    "host;range;x-amz-content-sha256;x-amz-date",
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  ),
});

const PRESIGNED = `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(SCOPE)}&X-Amz-Date=${DATE}&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`;

describe("signatures of AWS's documentation are good", () => {
  it.each([
    ["a GET with a range", GET_RANGE],
    [
      "a PUT with a dollar sign in its key",
      request("PUT", "/test%24file.text", {
        date: "Fri, 24 May 2013 00:00:00 GMT",
        "x-amz-date": DATE,
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        authorization: signed(
          "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
          "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
      }),
    ],
    [
      "a sub-resource",
      request("GET", "/?lifecycle", {
        "x-amz-content-sha256": EMPTY,
        "x-amz-date": DATE,
        authorization: signed(
          "host;x-amz-content-sha256;x-amz-date",
          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
      }),
    ],
    [
      "a listing",
      request("GET", "/?max-keys=2&prefix=J", {
        "x-amz-content-sha256": EMPTY,
        "x-amz-date": DATE,
        authorization: signed(
          "host;x-amz-content-sha256;x-amz-date",
          "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
      }),
    ],
    ["a presigned URL", request("GET", PRESIGNED, {})],
  ])("%s", (_, example) => {
    expect(authenticator(rules()).authenticate(example).user).toBe(KEY);
  });
});

describe("a request is refused", () => {
  const asking = (example: ReturnType<typeof request>, changes: Partial<AuthenticationRules> = {}) => {
    return () => authenticator(rules(changes)).authenticate(example);
  };
  const changed = (headers: Readonly<Record<string, string>>) => ({
    ...GET_RANGE,
    headers: new Map([...GET_RANGE.headers, ...Object.entries(headers)]),
  });
  const withQuery = (from: string | RegExp, to: string) => request("GET", PRESIGNED.replace(from, to), {});

  it.each([
    ["of another method", { ...GET_RANGE, method: "DELETE" }, {}, "SignatureDoesNotMatch"],
    ["with a signed header changed", changed({ range: "bytes=0-10" }), {}, "SignatureDoesNotMatch"],
    ["with an unsigned x-amz- header", changed({ "x-amz-acl": "public-read" }), {}, "AccessDenied"],
    ["of a stranger", GET_RANGE, { users: [] }, "InvalidAccessKeyId"],
    ["with another secret", GET_RANGE, { users: [{ ...KEY, secretAccessKey: "x" }] }, "SignatureDoesNotMatch"],
    ["for another region", GET_RANGE, { regions: ["eu-west-1"] }, "AuthorizationHeaderMalformed"],
    ["that is 16 minutes old", GET_RANGE, { clock: () => NOW + 16 * MINUTE }, "RequestTimeTooSkewed"],
    ["that is 16 minutes ahead", GET_RANGE, { clock: () => NOW - 16 * MINUTE }, "RequestTimeTooSkewed"],
    ["with a token that its user has not", changed({ "x-amz-security-token": "t" }), {}, "InvalidToken"],
    ["without the token of its user", GET_RANGE, { users: [{ ...KEY, sessionToken: "t" }] }, "InvalidToken"],
    ["of a user whose token has expired", GET_RANGE, { users: [{ ...KEY, expiresAt: new Date(NOW) }] }, "ExpiredToken"],
    ["signed in the old way", changed({ authorization: "AWS AKIA:c2ln" }), {}, "InvalidRequest"],
    [
      "with a credential that is none",
      changed({ authorization: signed("host", "0", "x") }),
      {},
      "AuthorizationHeaderMalformed",
    ],
    ["signed both ways", { ...request("GET", PRESIGNED, {}), headers: GET_RANGE.headers }, {}, "InvalidArgument"],
    ["by a URL for another key", withQuery("/test.txt", "/other.txt"), {}, "SignatureDoesNotMatch"],
    ["by a URL with a longer life", withQuery("=86400", "=86401"), {}, "SignatureDoesNotMatch"],
    ["by a URL with a life of over 7 days", withQuery("=86400", "=604801"), {}, "AuthorizationQueryParametersError"],
    ["by a URL with a life below zero", withQuery("=86400", "=-1"), {}, "AuthorizationQueryParametersError"],
    ["by a URL without its date", withQuery(`&X-Amz-Date=${DATE}`, ""), {}, "AuthorizationQueryParametersError"],
    ["by a URL that has expired", request("GET", PRESIGNED, {}), { clock: () => NOW + 86_401_000 }, "AccessDenied"],
    ["by a URL of the future", request("GET", PRESIGNED, {}), { clock: () => NOW - 16 * MINUTE }, "AccessDenied"],
    ["by a URL with another parameter", withQuery("?", "?versionId=1&"), {}, "SignatureDoesNotMatch"],
  ])("%s", (_, example, changes, code) => {
    expect(asking(example, changes)).toThrow(expect.objectContaining({ code }) as Error);
  });

  it("that is not signed is nobody's, which is not refused here", () => {
    expect(authenticator(rules()).authenticate(request("GET", "/test.txt", {})).user).toBeUndefined();
  });

  it("the refusal shows what was signed, so that a client can be repaired, and no secret", () => {
    expect(asking({ ...GET_RANGE, method: "PUT" })).toThrow(
      expect.objectContaining({
        fields: expect.objectContaining({
          CanonicalRequest: expect.stringMatching(/^PUT\n\/test\.txt\n/) as string,
        }) as object,
      }) as Error,
    );
    expect(asking({ ...GET_RANGE, method: "PUT" })).not.toThrow(
      expect.objectContaining({ message: expect.stringContaining(KEY.secretAccessKey) as string }) as Error,
    );
  });
});
