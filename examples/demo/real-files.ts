import { createHash } from "node:crypto";
import { crc32, deflateSync } from "node:zlib";

export interface RealFile {
  readonly bucket: "lecture-audio" | "images";
  readonly key: string;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

/** Every character that Supabase Storage allows in a key and that is awkward in a URL, a shell or a sentence. */
const AWKWARD = [
  "with blank.wav",
  "plus+and&.wav",
  "what?.wav",
  "it's (final).wav",
  "50:50=half;yes,no.wav",
  "at@home$5.wav",
  "stars*and!.wav",
  "photo",
  "photo/inside.wav",
  "photo-1.wav",
];

/** What a classroom app would have: a few hundred files, all of them real. */
export function* realFiles(): Generator<RealFile> {
  for (let lecture = 1; lecture <= 200; lecture += 1) {
    yield audio(
      `lectures/${String(lecture).padStart(3, "0")}.wav`,
      tone({ seconds: 0.25 + (lecture % 8) / 4, hertz: 220 + 3 * lecture }),
    );
  }
  for (const name of AWKWARD) yield audio(`awkward/${name}`, tone({ seconds: 0.2, hertz: 330 }));
  yield audio("empty.wav", new Uint8Array());
  yield audio("long.wav", tone({ seconds: 32 * 60, hertz: 110 }));
  for (let user = 1; user <= 120; user += 1) {
    yield image(`profiles/${user}.png`, square(user));
  }
}

function audio(key: string, bytes: Uint8Array): RealFile {
  const metadata = { lecturer: "demo", "sha256-of-upload": createHash("sha256").update(bytes).digest("hex") };
  return { bucket: "lecture-audio", key, contentType: "audio/wav", cacheControl: "max-age=3600", metadata, bytes };
}

function image(key: string, bytes: Uint8Array): RealFile {
  return {
    bucket: "images",
    key,
    contentType: "image/png",
    cacheControl: "public, max-age=86400",
    metadata: {},
    bytes,
  };
}

const SAMPLES_PER_SECOND = 8000;

/** A sine tone as 16-bit mono PCM in a RIFF file, which any player opens. */
function tone({ seconds, hertz }: { readonly seconds: number; readonly hertz: number }): Uint8Array {
  const samples = Math.round(seconds * SAMPLES_PER_SECOND);
  const file = Buffer.alloc(44 + samples * 2);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(36 + samples * 2, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(SAMPLES_PER_SECOND, 24);
  file.writeUInt32LE(SAMPLES_PER_SECOND * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(samples * 2, 40);
  for (let at = 0; at < samples; at += 1) {
    file.writeInt16LE(Math.round(12_000 * Math.sin((2 * Math.PI * hertz * at) / SAMPLES_PER_SECOND)), 44 + at * 2);
  }
  return file;
}

const SIDE = 32;

/** A coloured square as a PNG (https://www.w3.org/TR/png/), a different one for each number. */
function square(number: number): Uint8Array {
  const row = Buffer.alloc(1 + SIDE * 3);
  for (let at = 0; at < SIDE; at += 1) row.set([(number * 7) % 256, (at * 8) % 256, (number * 13) % 256], 1 + at * 3);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIDE, 0);
  header.writeUInt32BE(SIDE, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(Array<Buffer>(SIDE).fill(row)))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
