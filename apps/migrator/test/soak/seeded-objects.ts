import { hash } from "node:crypto";
import { randomBytes, randomInteger, seededRandom } from "@bucketferry/storage-core/conformance";
import type { StorageProvider } from "@bucketferry/storage-core";

/** Key → SHA-256, as it was put at the source. */
export type Seeded = Map<string, string>;

export interface Wave {
  readonly number: number;
  readonly small: number;
  readonly large: number;
  readonly largeBytes: readonly [least: number, most: number];
}

const SMALL_MOST_BYTES = 64 * 1024;
const FOLDERS = ["lectures", "images/profiles", "audio ü", "a+b & c"];
const AT_ONCE = 16;

/**
 * Puts one wave of new objects at the source: small ones from nothing to 64 KiB, most of them very small, and large ones. All of
 * them in one request each, so that the source's ETag is the MD5 of the bytes.
 */
export async function putWave(source: StorageProvider, wave: Wave, seed: string, seeded: Seeded): Promise<void> {
  const random = seededRandom(`${seed} wave ${wave.number}`);
  const sizes = [
    ...Array.from({ length: wave.small }, () => Math.floor(SMALL_MOST_BYTES ** random()) - 1),
    ...Array.from({ length: wave.large }, () => randomInteger(random, ...wave.largeBytes)),
  ];
  const objects = sizes.map((size, i) => ({
    key: `${FOLDERS[randomInteger(random, 0, FOLDERS.length - 1)]}/${Math.floor(random() * 1e6)}-${wave.number}-${i}.mp3`,
    bytes: () => randomBytes(seededRandom(`${seed} ${wave.number} ${i}`), size),
  }));
  for (let at = 0; at < objects.length; at += AT_ONCE) {
    await Promise.all(
      objects.slice(at, at + AT_ONCE).map(async ({ key, bytes }) => {
        const body = bytes();
        const sha256 = hash("sha256", body, "hex");
        const checksum = { algorithm: "sha256", value: Buffer.from(sha256, "hex").toString("base64") } as const;
        await source.put(key, body, { checksum, contentType: "audio/mpeg", metadata: { wave: String(wave.number) } });
        seeded.set(key, sha256);
      }),
    );
  }
}
