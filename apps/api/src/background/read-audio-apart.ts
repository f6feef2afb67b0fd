import { Worker } from "node:worker_threads";
import { NotAudio } from "./not-audio.ts";

/** What the parser is told of an object. */
export interface AudioFile {
  readonly sizeBytes: number;
  readonly contentType: string;
}

/** What the parser finds. */
export interface ReadAudio {
  readonly durationSeconds: number | null;
  readonly codec: string | null;
  /** Bits a second. */
  readonly bitRate: number | null;
}

export type AudioWindow = Uint8Array;

/** What the thread says; each `read` is answered with the bytes. */
export type AudioMessage =
  | { readonly kind: "read"; readonly offset: number; readonly length: number }
  | { readonly kind: "done"; readonly audio: ReadAudio }
  | { readonly kind: "not-audio"; readonly reason: string };

/** Beside the service the program is as it is itself: a source, or built. */
const PROGRAM = new URL(`./read-audio.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);
/** Honest files take a tenth of it; one that is made to take more ends the thread, and not the service. */
const MEMORY = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };

/**
 * Parses a file that somebody else has made in a thread of its own: it may take all the time and memory that it gets, and
 * requests are answered meanwhile.
 * @throws NotAudio; what reading throws; the signal's reason
 */
export async function readAudioApart(
  file: AudioFile,
  read: (offset: number, length: number) => Promise<Uint8Array>,
  signal: AbortSignal,
): Promise<ReadAudio> {
  signal.throwIfAborted();
  const worker = new Worker(PROGRAM, { workerData: file, resourceLimits: MEMORY });
  const { promise, resolve, reject } = Promise.withResolvers<ReadAudio>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  worker.on("message", (message: AudioMessage) => {
    if (message.kind === "read") {
      read(message.offset, message.length).then((window: AudioWindow) => worker.postMessage(window), reject);
    } else if (message.kind === "done") resolve(message.audio);
    else reject(new NotAudio(message.reason));
  });
  worker.on("error", (error: NodeJS.ErrnoException) => {
    const isTooMuch = error.code === "ERR_WORKER_OUT_OF_MEMORY";
    reject(isTooMuch ? new NotAudio("It takes more memory to read than any audio.", { cause: error }) : error);
  });
  worker.once("exit", () => reject(new Error("The thread that reads audio has ended without an answer.")));
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    await worker.terminate();
  }
}
