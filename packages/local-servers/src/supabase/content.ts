import { createHash, type Hash } from "node:crypto";
import type { ReceivedBody } from "../store/index.ts";
import type { Settings } from "./exchange.ts";
import type { Store } from "./rows.ts";

/** What the backend says of bytes it has stored. */
export interface Digest {
  /** Hex. */
  readonly md5: string;
  /** With its double quotes. */
  readonly etag: string;
}

/** Where a digest is taken: while the bytes pass by. */
export interface DigestingStream {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Once the stream has ended. */
  digest(): Digest;
}

/**
 * The S3 backend writes what is larger than one part, and everything that comes by the resumable protocol, as a multipart
 * upload; S3 then makes the ETag of the digests of the parts
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html).
 */
export function digesting(
  source: AsyncIterable<Uint8Array>,
  settings: Pick<Settings, "backend" | "partSizeBytes">,
  multipart: "when-large" | "always",
): DigestingStream {
  const whole = createHash("md5");
  const parts = settings.backend === "s3" ? partDigests(settings.partSizeBytes) : undefined;
  return {
    chunks: (async function* () {
      for await (const chunk of source) {
        whole.update(chunk);
        parts?.update(chunk);
        yield chunk;
      }
    })(),
    digest() {
      const md5 = whole.digest("hex");
      const isMultipart = parts !== undefined && (multipart === "always" || parts.count() > 1);
      return { md5, etag: isMultipart ? `"${parts.combined()}"` : `"${md5}"` };
    },
  };
}

interface PartDigests {
  update(chunk: Uint8Array): void;
  count(): number;
  combined(): string;
}

function partDigests(partSizeBytes: number): PartDigests {
  const finished: Buffer[] = [];
  let current: Hash = createHash("md5");
  let currentBytes = 0;
  return {
    update(chunk) {
      let rest = chunk;
      while (rest.length > 0) {
        if (currentBytes === partSizeBytes) {
          finished.push(current.digest());
          current = createHash("md5");
          currentBytes = 0;
        }
        const piece = rest.subarray(0, partSizeBytes - currentBytes);
        current.update(piece);
        currentBytes += piece.length;
        rest = rest.subarray(piece.length);
      }
    },
    count: () => finished.length + 1,
    combined() {
      const digests = [...finished, current.copy().digest()];
      return `${createHash("md5").update(Buffer.concat(digests)).digest("hex")}-${digests.length}`;
    },
  };
}

export interface ReceivedContent extends Disposable {
  readonly body: ReceivedBody["body"];
  readonly digest: Digest;
}

/** Takes in the bytes of one upload. When the source breaks off, nothing stays and the error is passed on. */
export async function receiveContent(
  store: Store,
  source: AsyncIterable<Uint8Array>,
  settings: Settings,
): Promise<ReceivedContent> {
  const stream = digesting(source, settings, "when-large");
  const received = await store.receive(stream.chunks);
  return {
    body: received.body,
    digest: stream.digest(),
    [Symbol.dispose]: () => received[Symbol.dispose](),
  };
}
