import {
  faultProxy,
  supabaseServer,
  type FaultProxy,
  type SupabaseServer,
  type SupabaseServerOptions,
} from "@bucketferry/local-servers";
import type { StorageProvider } from "@bucketferry/storage-core";
import { supabase, type SupabaseOptions } from "../src/index.ts";

/** The smallest piece that the options allow, so that small bodies go by the resumable protocol. */
export const PIECE_BYTES = 64 * 1024;

/** A local project with one private bucket; `provider` goes through the fault proxy, `direct` does not. */
export interface LocalSupabase {
  readonly server: SupabaseServer;
  readonly proxy: FaultProxy;
  readonly provider: StorageProvider;
  readonly direct: StorageProvider;
  /** Another provider, closed with the others. */
  make(change?: Partial<SupabaseOptions>): StorageProvider;
  /** What the service itself says of an object, metadata as stored. */
  rawInfo(key: string): Promise<Record<string, unknown>>;
  /** A request past the provider, with the service key. */
  raw(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export async function localSupabase(options: SupabaseServerOptions = {}): Promise<LocalSupabase> {
  const server = await supabaseServer(options);
  const proxy = await faultProxy({ target: server.url });
  const made: StorageProvider[] = [];
  const make = (change: Partial<SupabaseOptions> = {}): StorageProvider => {
    const provider = supabase({
      url: proxy.url,
      key: server.serviceKey,
      bucket: "media",
      resumableAboveBytes: PIECE_BYTES,
      resumableChunkBytes: PIECE_BYTES,
      ...change,
    });
    made.push(provider);
    return provider;
  };
  const raw = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(server.storageUrl + path, {
      ...init,
      headers: {
        authorization: `Bearer ${server.serviceKey}`,
        ...(init.headers as Record<string, string> | undefined),
      },
    });
  const direct = make({ url: server.url });
  await direct.ensureBucket();
  return {
    server,
    proxy,
    provider: make(),
    direct,
    make,
    raw,
    async rawInfo(key) {
      return (await (await raw(`/object/info/authenticated/media/${key}`)).json()) as Record<string, unknown>;
    },
    async close() {
      for (const provider of made) await provider.close();
      await proxy.close();
      await server.close();
    },
  };
}

export async function* streamOf(bytes: Uint8Array, chunkBytes = 10_000): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.byteLength; offset += chunkBytes)
    yield bytes.subarray(offset, offset + chunkBytes);
}

/** Bytes that differ at every place where a piece could be lost or doubled. */
export function someBytes(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 7 + seed) & 0xff);
}
