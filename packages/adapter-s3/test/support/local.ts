import { faultProxy, s3Server, type FaultProxy, type S3Server, type S3ServerOptions } from "@bucketferry/local-servers";
import type { StorageProvider } from "@bucketferry/storage-core";
import { providerFrom } from "@bucketferry/storage-core/provider";
import { resolveConfig, type S3Limits } from "../../src/s3-config.ts";
import { s3Driver } from "../../src/s3-driver.ts";
import type { S3Options } from "../../src/index.ts";
import { testBuckets, type Buckets } from "./bucket.ts";
import { optionsFor, type Engine } from "./engine.ts";

/** Our own server behind the proxy that breaks requests, with one bucket. */
export interface Local {
  readonly server: S3Server;
  readonly proxy: FaultProxy;
  readonly buckets: Buckets;
  readonly bucket: string;
  /** Options that reach the bucket through the proxy. */
  readonly options: S3Options;
  /** A provider through the proxy; limits make small what is large. */
  provider(overrides?: Partial<S3Options>, limits?: Partial<S3Limits>): StorageProvider;
  readonly close: () => Promise<void>;
}

export async function local(options: S3ServerOptions & { readonly as?: Engine["profile"] } = {}): Promise<Local> {
  const { as = "aws", ...serverOptions } = options;
  const server = await s3Server(serverOptions);
  const proxy = await faultProxy({ target: server.url });
  const engine: Engine = {
    name: "local",
    endpoint: server.url,
    region: server.region,
    profile: as,
    ...server.credentials,
  };
  const buckets = testBuckets(engine);
  const bucket = await buckets.create();
  const base = optionsFor({ ...engine, endpoint: proxy.url }, bucket);
  const providers: StorageProvider[] = [];
  return {
    server,
    proxy,
    buckets,
    bucket,
    options: base,
    provider(overrides = {}, limits = {}) {
      const provider = providerFrom(s3Driver(resolveConfig({ ...base, ...overrides }, limits)));
      providers.push(provider);
      return provider;
    },
    async close() {
      for (const provider of providers) await provider.close();
      await proxy.close();
      await buckets.destroy();
      await server.close();
    },
  };
}
