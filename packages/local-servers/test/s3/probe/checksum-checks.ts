import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { GetObjectAttributesCommand } from "@aws-sdk/client-s3";
import { equal, ok, refusalOf, refuses } from "./assertions.ts";
import { check } from "./check.ts";
import { head, pattern, put } from "./objects.ts";
import { uploadStream } from "./upload-stream.ts";

const GROUP = "checksum";
/** Of `hello`, computed by other programs than the ones under test. */
const OF_HELLO = {
  CRC32: "NhCmhg==",
  CRC32C: "mnG7TA==",
  CRC64NVME: "M3eFcAZSQlc=",
  SHA1: createHash("sha1").update("hello").digest("base64"),
  SHA256: createHash("sha256").update("hello").digest("base64"),
} as const;

export const checksumChecks = [
  ...(["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"] as const).map((algorithm) =>
    check(GROUP, `${algorithm}: asked on PUT, given back by HEAD`, async (t) => {
      await put(t, t.key("k"), "hello", { [`Checksum${algorithm}`]: OF_HELLO[algorithm] });
      const found = await head(t, t.key("k"), { ChecksumMode: "ENABLED" });
      equal(found[`Checksum${algorithm}`], OF_HELLO[algorithm]);
      equal(found.ChecksumType, "FULL_OBJECT");
    }),
  ),
  check(GROUP, "a wrong SHA-256 is refused with 400, and nothing is stored", async (t) => {
    await refuses(put(t, t.key("k"), "other", { ChecksumSHA256: OF_HELLO.SHA256 }), 400);
    await refuses(head(t, t.key("k")), 404);
  }),
  check(GROUP, "a wrong CRC32 is refused with 400, and nothing is stored", async (t) => {
    await refuses(put(t, t.key("k"), "other", { ChecksumCRC32: OF_HELLO.CRC32 }), 400);
    await refuses(head(t, t.key("k")), 404);
  }),
  check(GROUP, "a wrong checksum in a trailer is refused with 400, and nothing is stored", async (t) => {
    const s3 = t.client();
    // Between signing and sending, one byte changes; the signature does not cover it, the trailer does.
    s3.middlewareStack.add(
      (next) => async (args) => {
        const { request } = args as { request: { body: AsyncIterable<Buffer> } };
        const source = request.body;
        request.body = Readable.from(
          (async function* () {
            for await (const chunk of source)
              yield Buffer.from(chunk.toString("latin1").replace("aaaa", "abaa"), "latin1");
          })(),
        );
        return next(args);
      },
      { step: "deserialize", priority: "low", name: "damage" },
    );
    const body = Readable.from([Buffer.alloc(10_000, "a")]);
    const refusal = await refusalOf(put(t, t.key("k"), body, { s3, ContentLength: 10_000 }));
    equal(refusal.status, 400, JSON.stringify(refusal));
    await refuses(head(t, t.key("k")), 404);
  }),
  check(GROUP, "GetObjectAttributes: ETag, checksum, size", async (t) => {
    await put(t, t.key("k"), "hello", { ChecksumSHA256: OF_HELLO.SHA256 });
    const found = await t.s3.send(
      new GetObjectAttributesCommand({
        Bucket: t.bucket,
        Key: t.key("k"),
        ObjectAttributes: ["ETag", "Checksum", "ObjectSize"],
      }),
    );
    equal(found.ObjectSize, 5);
    equal(found.Checksum?.ChecksumSHA256, OF_HELLO.SHA256);
  }),
  check(GROUP, "an upload in parts with CRC32 has a composite checksum", async (t) => {
    const s3 = t.client();
    await uploadStream(t, s3, t.key("k"), Readable.from([pattern(6 * 1024 * 1024)]), { ChecksumAlgorithm: "CRC32" });
    const found = await head(t, t.key("k"), { ChecksumMode: "ENABLED" });
    equal(found.ChecksumType, "COMPOSITE");
    ok(found.ChecksumCRC32?.endsWith("-2"), String(found.ChecksumCRC32));
  }),
  ...(["CRC32", "CRC32C", "CRC64NVME"] as const).map((algorithm) =>
    check(GROUP, `an upload in parts with a full-object ${algorithm} has the one of all its bytes`, async (t) => {
      const body = pattern(12 * 1024 * 1024);
      await put(t, t.key("whole"), body, { s3: t.client(), ChecksumAlgorithm: algorithm });
      await uploadStream(t, t.client(), t.key("parts"), Readable.from([body]), {
        ChecksumAlgorithm: algorithm,
        ChecksumType: "FULL_OBJECT",
      });
      const name = `Checksum${algorithm}` as const;
      const whole = await head(t, t.key("whole"), { ChecksumMode: "ENABLED" });
      const parts = await head(t, t.key("parts"), { ChecksumMode: "ENABLED" });
      ok(whole[name] !== undefined);
      equal(parts[name], whole[name]);
      equal(parts.ChecksumType, "FULL_OBJECT");
    }),
  ),
];
