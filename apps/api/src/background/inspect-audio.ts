import type { StorageProvider } from "@bucketferry/storage-core";
import { readAudioApart, type ReadAudio } from "./read-audio-apart.ts";

/** What a player wants to know before it plays. */
export interface AudioFacts extends ReadAudio {
  readonly sizeBytes: number;
}

/** Reads the facts of an audio object through the provider. @throws NotAudio · StorageError */
export async function inspectAudio(storage: StorageProvider, key: string, signal: AbortSignal): Promise<AudioFacts> {
  const { size, etag, contentType = "" } = await storage.head(key, { signal });
  const pin = storage.capabilities.conditionalGet.ifMatch ? { ifMatch: etag } : {};
  const read = async (offset: number, length: number): Promise<Uint8Array> =>
    (await storage.get(key, { ...pin, range: { offset, length }, signal })).bytes();
  return { ...(await readAudioApart({ sizeBytes: size, contentType }, read, signal)), sizeBytes: size };
}
