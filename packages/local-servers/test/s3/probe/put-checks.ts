import { Readable } from "node:stream";
import { connect } from "node:net";
import { once } from "node:events";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { equal, ok, refuses, same } from "./assertions.ts";
import { check, type Check, type Probe } from "./check.ts";
import { bytes, head, md5Etag, pattern, put, text } from "./objects.ts";
import { uploadStream } from "./upload-stream.ts";

const GROUP = "put";

/** Large enough for two chunks of a stream, of a size that S3 takes for one. */
const SIZE = 100_000;
const stream = (body: Buffer): Readable =>
  Readable.from([body.subarray(0, body.length / 2), body.subarray(body.length / 2)]);

function bodyChecks(mode: "WHEN_SUPPORTED" | "WHEN_REQUIRED"): readonly Check[] {
  const s3 = (t: Probe) => t.client({ requestChecksumCalculation: mode });
  const name = (text: string): string => `${text}, ${mode}`;
  return [
    check(GROUP, name("a Buffer comes back"), async (t) => {
      const body = pattern(SIZE);
      await put(t, t.key("buffer"), body, { s3: s3(t) });
      ok((await bytes(t, t.key("buffer"))).equals(body));
    }),
    check(GROUP, name("a stream with a length comes back, without a trace of its framing"), async (t) => {
      const body = pattern(SIZE);
      await put(t, t.key("stream"), stream(body), { s3: s3(t), ContentLength: SIZE });
      ok((await bytes(t, t.key("stream"))).equals(body));
      equal((await head(t, t.key("stream"))).ContentEncoding, undefined);
    }),
    check(GROUP, name("a stream without a length is refused, by the SDK or with 411 or 501"), async (t) => {
      const refused = await put(t, t.key("unknown"), stream(pattern(SIZE)), { s3: s3(t) }).then(
        () => undefined,
        (error: unknown) => error as { name: string; $metadata?: { httpStatusCode?: number } },
      );
      const status = refused?.$metadata?.httpStatusCode;
      ok(refused instanceof TypeError || status === 411 || status === 501, `${refused?.name} ${status}`);
    }),
    check(GROUP, name("an empty Buffer and an empty stream come back"), async (t) => {
      await put(t, t.key("empty"), Buffer.alloc(0), { s3: s3(t) });
      equal((await bytes(t, t.key("empty"))).length, 0);
      await put(t, t.key("empty-stream"), Readable.from([]), { s3: s3(t), ContentLength: 0 });
      equal((await bytes(t, t.key("empty-stream"))).length, 0);
    }),
    check(GROUP, name("17 MiB of unknown length in parts come back"), async (t) => {
      const body = pattern(17 * 1024 * 1024);
      await uploadStream(t, s3(t), t.key("parts"), stream(body));
      ok((await bytes(t, t.key("parts"))).equals(body));
    }),
    check(GROUP, name("1 KiB of unknown length in one part comes back"), async (t) => {
      const body = pattern(1024);
      await uploadStream(t, s3(t), t.key("part"), stream(body));
      ok((await bytes(t, t.key("part"))).equals(body));
    }),
    check(GROUP, name("an empty stream in one part comes back"), async (t) => {
      await uploadStream(t, s3(t), t.key("empty-part"), Readable.from([]));
      equal((await bytes(t, t.key("empty-part"))).length, 0);
    }),
  ];
}

export const putChecks = [
  ...bodyChecks("WHEN_SUPPORTED"),
  ...bodyChecks("WHEN_REQUIRED"),
  check(GROUP, "the ETag of a single PUT is the quoted MD5", async (t) => {
    equal((await put(t, t.key("k"), "hello")).ETag, md5Etag("hello"));
    equal((await head(t, t.key("k"))).ETag, md5Etag("hello"));
  }),
  check(GROUP, "a wrong Content-MD5 is BadDigest, and nothing is stored", async (t) => {
    const ContentMD5 = Buffer.from(md5Etag("other").slice(1, -1), "hex").toString("base64");
    await refuses(put(t, t.key("k"), "hello", { ContentMD5 }), 400, "BadDigest");
    await refuses(head(t, t.key("k")), 404);
  }),
  check(GROUP, "an overwrite replaces body and metadata", async (t) => {
    await put(t, t.key("k"), "first", { Metadata: { a: "1" }, ContentType: "text/plain" });
    await put(t, t.key("k"), "second", { Metadata: { b: "2" } });
    equal(await text(t, t.key("k")), "second");
    const { Metadata, ContentType } = await head(t, t.key("k"));
    same(Metadata, { b: "2" });
    ok(ContentType !== "text/plain");
  }),
  check(GROUP, "a client that dies half way leaves no object", async (t) => {
    await tornUpload(t, t.key("torn"));
    await refuses(head(t, t.key("torn")), 404);
  }),
  check(GROUP, "a torn upload leaves what was there, and the server alive", async (t) => {
    await put(t, t.key("k"), "before");
    await tornUpload(t, t.key("k"));
    equal(await text(t, t.key("k")), "before");
  }),
];

/** Sends half of the announced body and hangs up; ends when the service has noticed. */
async function tornUpload(t: Probe, Key: string): Promise<void> {
  const url = new URL(await getSignedUrl(t.s3, new PutObjectCommand({ Bucket: t.bucket, Key })));
  const socket = connect(Number(url.port), url.hostname);
  await once(socket, "connect");
  socket.write(`PUT ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Length: 1000000\r\n\r\n`);
  socket.write(Buffer.alloc(500_000));
  // The half-close tells the service that no more comes; it answers or hangs up.
  socket.end();
  socket.resume();
  await once(socket, "close").catch(() => undefined);
}
