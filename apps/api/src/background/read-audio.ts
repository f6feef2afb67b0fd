import { parentPort, workerData } from "node:worker_threads";
import { CouldNotDetermineFileTypeError, parseFromTokenizer, UnsupportedFileTypeError } from "music-metadata";
import { NotAudio } from "./not-audio.ts";
import { ObjectTokenizer } from "./object-tokenizer.ts";
import type { AudioFile, AudioMessage, AudioWindow, ReadAudio } from "./read-audio-apart.ts";

/** The program of the thread in which one file is parsed: it has no storage, and asks for what it wants to read. */
if (parentPort === null) throw new Error("This is the program of a worker thread.");
const port = parentPort;
const say = (message: AudioMessage): void => port.postMessage(message);

const read = (offset: number, length: number): Promise<Uint8Array> =>
  new Promise((resolve) => {
    port.once("message", (window: AudioWindow) => resolve(window));
    say({ kind: "read", offset, length });
  });

async function readAudio(file: AudioFile): Promise<ReadAudio> {
  // `duration`: where no header tells, the frames are counted.
  const options = { duration: true, skipCovers: true };
  const { format } = await parseFromTokenizer(new ObjectTokenizer({ ...file, read }), options);
  if (format.codec === undefined && format.duration === undefined) throw new NotAudio("It holds no audio track.");
  return {
    durationSeconds: format.duration ?? null,
    codec: format.codec ?? null,
    bitRate: format.bitrate ?? null,
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof NotAudio) return error.message;
  if (error instanceof CouldNotDetermineFileTypeError || error instanceof UnsupportedFileTypeError) {
    return "It is in no audio format that is known here.";
  }
  return "It cannot be read as audio.";
}

try {
  say({ kind: "done", audio: await readAudio(workerData as AudioFile) });
} catch (error) {
  say({ kind: "not-audio", reason: reasonOf(error) });
}
