import { ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { equal, ok, refuses, same } from "./assertions.ts";
import { check, type Probe } from "./check.ts";
import { head, put, text } from "./objects.ts";
import { plainUrl, send } from "./requests.ts";

const GROUP = "auth";

/** A client whose requests are changed after they were signed. */
function tampering(t: Probe, change: (request: { headers: Record<string, string>; body: unknown }) => void): S3Client {
  const s3 = t.client({ requestChecksumCalculation: "WHEN_REQUIRED" });
  s3.middlewareStack.add(
    (next) => async (args) => {
      change(args.request as { headers: Record<string, string>; body: unknown });
      return next(args);
    },
    { step: "deserialize", priority: "low", name: "tamper" },
  );
  return s3;
}

export const authChecks = [
  check(GROUP, "a wrong secret is SignatureDoesNotMatch", async (t) => {
    const s3 = t.client({ credentials: { ...t.credentials, secretAccessKey: "wrong" } });
    await refuses(s3.send(new ListObjectsV2Command({ Bucket: t.bucket })), 403, "SignatureDoesNotMatch");
  }),
  check(GROUP, "an unknown access key is InvalidAccessKeyId", async (t) => {
    const s3 = t.client({ credentials: { accessKeyId: "NOBODYKNOWSTHISKEY00", secretAccessKey: "x" } });
    await refuses(s3.send(new ListObjectsV2Command({ Bucket: t.bucket })), 403, "InvalidAccessKeyId");
  }),
  check(GROUP, "a clock that is 20 minutes off is RequestTimeTooSkewed", async (t) => {
    // The SDK corrects its clock and asks again, so it gets one attempt.
    const s3 = t.client({ systemClockOffset: -20 * 60 * 1000, maxAttempts: 1 });
    await refuses(s3.send(new ListObjectsV2Command({ Bucket: t.bucket })), 403, "RequestTimeTooSkewed");
  }),
  check(GROUP, "another region in the scope is AuthorizationHeaderMalformed", async (t) => {
    const s3 = t.client({ region: "eu-central-1" });
    await refuses(s3.send(new ListObjectsV2Command({ Bucket: t.bucket })), 400, "AuthorizationHeaderMalformed");
  }),
  check(GROUP, "a body that was changed after signing is refused with 400, and nothing is stored", async (t) => {
    const s3 = tampering(t, (request) => {
      request.body = Buffer.from("other");
    });
    await refuses(put(t, t.key("k"), Buffer.from("hello"), { s3 }), 400, "XAmzContentSHA256Mismatch");
    await refuses(head(t, t.key("k")), 404);
  }),
  check(GROUP, "a signed header that was changed after signing is SignatureDoesNotMatch", async (t) => {
    const s3 = tampering(t, (request) => {
      request.headers["content-type"] = "text/html";
    });
    await refuses(put(t, t.key("k"), "x", { s3, ContentType: "text/plain" }), 403, "SignatureDoesNotMatch");
  }),
  check(GROUP, "an unsigned DELETE is 403, and the object stays", async (t) => {
    await put(t, t.key("k"), "x");
    equal((await send(plainUrl(t, t.key("k")), { method: "DELETE" })).status, 403);
    equal(await text(t, t.key("k")), "x");
  }),
  check(GROUP, "garbage for an Authorization header is refused", async (t) => {
    const { status } = await send(plainUrl(t, t.key("k")), { headers: { authorization: "garbage" } });
    ok(status >= 400 && status < 500, String(status));
  }),
  check(GROUP, "virtual-hosted style: the bucket is in the host", async (t) => {
    const port = new URL(t.endpoint).port;
    const answer = await send(`${t.endpoint}/`, { headers: { host: `${t.bucket}.localhost:${port}` } });
    // Unsigned, so it is refused: for a bucket that exists, not for one that does not.
    same([answer.status, answer.code], [403, "AccessDenied"]);
  }),
];
