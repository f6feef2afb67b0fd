import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sigV4, UNSIGNED_PAYLOAD } from "./sigv4.ts";
import { canonicalQuery, encodeKeyPath } from "./uri-encoding.ts";

const RUNS = 2000;

/** The hash that the SDK's signer wants to be given. */
class Sha256 {
  readonly #hash: Hash | Hmac;
  constructor(secret?: SourceData) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(secret));
  }
  update(chunk: SourceData): void {
    this.#hash.update(bytesOf(chunk));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {
    throw new Error("not used by the signer");
  }
}

type SourceData = string | ArrayBuffer | ArrayBufferView;

function bytesOf(data: SourceData): Buffer {
  if (typeof data === "string") return Buffer.from(data);
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

const key = fc.string({
  unit: fc.oneof(
    fc.constantFrom("é", "😀", ..."/.+%& =?~'()*!\\\t".split("")),
    fc.string({ minLength: 1, maxLength: 1 }),
  ),
  minLength: 1,
});
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
const value = fc.stringMatching(/^[\x21-\x7e][\x20-\x7e]{0,20}$/);
const request = fc.record({
  method: fc.constantFrom("GET", "PUT", "HEAD", "DELETE", "POST"),
  key,
  query: fc.dictionary(fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,10}$/), fc.string({ unit: "grapheme" }), {
    maxKeys: 4,
  }),
  headers: fc.dictionary(
    name.map((text) => `x-amz-meta-${text}`),
    value,
    { maxKeys: 4 },
  ),
  plainHeaders: fc.record(
    {
      "content-type": value,
      "cache-control": value,
      "user-agent": value,
      range: value,
      "content-length": fc.nat().map(String),
    },
    { requiredKeys: [] },
  ),
  payload: fc.option(fc.uint8Array({ maxLength: 64 })),
  sessionToken: fc.option(fc.stringMatching(/^[A-Za-z0-9+/=]{4,30}$/), { nil: undefined }),
  secretAccessKey: fc.stringMatching(/^[A-Za-z0-9+/]{16,40}$/),
  region: fc.constantFrom("us-east-1", "auto", "eu-central-1"),
  timeMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
});

function oracle(region: string, credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) {
  return new SignatureV4({
    service: "s3",
    region,
    credentials,
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
}

describe("Signature Version 4", () => {
  it(`agrees with the AWS SDK's signer on ${RUNS} random requests, in every signed header`, async () => {
    await fc.assert(
      fc.asyncProperty(request, async (sample) => {
        const credentials = {
          accessKeyId: "AKIDEXAMPLE",
          secretAccessKey: sample.secretAccessKey,
          ...(sample.sessionToken === undefined ? {} : { sessionToken: sample.sessionToken }),
        };
        const path = `/bucket/${encodeKeyPath(sample.key)}`;
        const headers = { host: "s3.example.com:9000", ...sample.plainHeaders, ...sample.headers };
        const payload =
          sample.payload === null ? UNSIGNED_PAYLOAD : createHash("sha256").update(sample.payload).digest("hex");
        const ours = sigV4(sample.region).sign(
          { method: sample.method, path, query: canonicalQuery(sample.query), headers },
          payload,
          credentials,
          sample.timeMs,
        );
        const theirs = await oracle(sample.region, credentials).sign(
          {
            method: sample.method,
            protocol: "http:",
            hostname: "s3.example.com",
            path,
            query: sample.query,
            headers: { ...headers, "x-amz-content-sha256": payload },
          },
          { signingDate: new Date(sample.timeMs) },
        );
        expect(ours).toEqual(theirs.headers);
      }),
      { numRuns: RUNS },
    );
  });

  it(`presigns as the AWS SDK does, on ${RUNS} random requests`, async () => {
    await fc.assert(
      fc.asyncProperty(request, fc.integer({ min: 1, max: 604_800 }), async (sample, expiresInSeconds) => {
        const credentials = {
          accessKeyId: "AKIDEXAMPLE",
          secretAccessKey: sample.secretAccessKey,
          ...(sample.sessionToken === undefined ? {} : { sessionToken: sample.sessionToken }),
        };
        const path = `/bucket/${encodeKeyPath(sample.key)}`;
        const headers: Record<string, string> = { host: "s3.example.com" };
        if (sample.plainHeaders["content-length"] !== undefined) {
          headers["content-length"] = sample.plainHeaders["content-length"];
        }
        const ours = sigV4(sample.region).presign(
          { method: sample.method, path, query: sample.query, headers, expiresInSeconds },
          credentials,
          sample.timeMs,
        );
        const theirs = await oracle(sample.region, credentials).presign(
          {
            method: sample.method,
            protocol: "https:",
            hostname: "s3.example.com",
            path,
            query: { ...sample.query, "X-Amz-Content-Sha256": UNSIGNED_PAYLOAD },
            headers: { ...headers, "x-amz-content-sha256": UNSIGNED_PAYLOAD },
          },
          {
            signingDate: new Date(sample.timeMs),
            expiresIn: expiresInSeconds,
            unhoistableHeaders: new Set(["x-amz-content-sha256"]),
            unsignableHeaders: new Set(["x-amz-content-sha256"]),
          },
        );
        expect(Object.fromEntries(new URLSearchParams(ours.replaceAll("+", "%2B")))).toEqual(theirs.query);
      }),
      { numRuns: RUNS },
    );
  });

  it("follows the example of the S3 documentation", () => {
    // "GET Object", https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    const signed = sigV4("us-east-1").sign(
      {
        method: "GET",
        path: "/test.txt",
        query: "",
        headers: { host: "examplebucket.s3.amazonaws.com", range: "bytes=0-9" },
      },
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
      Date.UTC(2013, 4, 24),
    );
    expect(signed["authorization"]).toContain(
      "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
  });

  it("leaves the request's own headers alone", () => {
    const headers = Object.freeze({ host: "h" });
    sigV4("auto").sign(
      { method: "GET", path: "/", query: "", headers },
      UNSIGNED_PAYLOAD,
      { accessKeyId: "a", secretAccessKey: "b" },
      0,
    );
    expect(headers).toEqual({ host: "h" });
  });

  it("uses the new secret and the new day at once, although keys are kept", () => {
    const signer = sigV4("auto");
    const request = { method: "GET", path: "/", query: "", headers: { host: "h" } };
    const one = { accessKeyId: "a", secretAccessKey: "one" };
    const two = { accessKeyId: "a", secretAccessKey: "two" };
    const day = 86_400_000;
    for (const [credentials, time] of [
      [one, 0],
      [two, 0],
      [two, day],
      [one, 0],
    ] as const) {
      expect(signer.sign(request, UNSIGNED_PAYLOAD, credentials, time)).toEqual(
        sigV4("auto").sign(request, UNSIGNED_PAYLOAD, credentials, time),
      );
    }
  });
});

describe("paths and queries", () => {
  it("encodes each character that Signature Version 4 reserves, and keeps slashes and dots as they are (I08)", () => {
    expect(encodeKeyPath("a b+c/%2F/..//./é!'()*~")).toBe("a%20b%2Bc/%252F/..//./%C3%A9%21%27%28%29%2A~");
  });

  it("sorts by name, not by name and value together", () => {
    expect(canonicalQuery({ a: "1", "a-b": "2", B: "é", none: undefined })).toBe("B=%C3%A9&a=1&a-b=2");
  });

  it("decodes back to the same key, for any key", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(decodeURIComponent(encodeKeyPath(text))).toBe(text);
        expect(encodeKeyPath(text)).toMatch(/^[A-Za-z0-9\-._~/%]*$/);
      }),
    );
  });
});
