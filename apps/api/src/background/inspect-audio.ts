import { isStorageError, type StorageProvider } from "@bucketferry/storage-core";
import { CouldNotDetermineFileTypeError, parseFromTokenizer, UnsupportedFileTypeError } from "music-metadata";
import { NotAudio } from "./not-audio.ts";
import { ObjectTokenizer } from "./object-tokenizer.ts";

/** What a player wants to know before it plays. */
export interface AudioFacts {
  readonly durationSeconds: number | null;
  readonly codec: string | null;
  /** Bits a second. */
  readonly bitRate: number | null;
  readonly sizeBytes: number;
}

/** Reads the facts of an audio object through the provider. @throws NotAudio · StorageError */
export async function inspectAudio(storage: StorageProvider, key: string, signal: AbortSignal): Promise<AudioFacts> {
  const info = await storage.head(key, { signal });
  const tokenizer = new ObjectTokenizer({
    storage,
    key,
    size: info.size,
    etag: info.etag,
    contentType: info.contentType ?? "",
    signal,
  });
  try {
    // `duration`: where no header tells, the frames are counted.
    const { format } = await parseFromTokenizer(tokenizer, { duration: true, skipCovers: true });
    if (format.codec === undefined && format.duration === undefined) throw new NotAudio("It holds no audio track.");
    return {
      durationSeconds: format.duration ?? null,
      codec: format.codec ?? null,
      bitRate: format.bitrate ?? null,
      sizeBytes: info.size,
    };
  } catch (error) {
    if (error instanceof NotAudio || isStorageError(error) || signal.aborted) throw error;
    if (error instanceof CouldNotDetermineFileTypeError || error instanceof UnsupportedFileTypeError) {
      throw new NotAudio("It is in no audio format that is known here.", { cause: error });
    }
    throw new NotAudio("It cannot be read as audio.", { cause: error });
  } finally {
    await tokenizer.close();
  }
}
