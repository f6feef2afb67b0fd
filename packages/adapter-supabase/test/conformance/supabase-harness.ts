import { createHmac, randomUUID } from "node:crypto";
import { faultProxy, supabaseServer, type SupabaseServerOptions } from "@bucketferry/local-servers";
import type { Harness, Variant } from "@bucketferry/storage-core/conformance";
import { supabase, type SupabaseOptions } from "../../src/index.ts";
import { urlSamples } from "./url-samples.ts";

export interface LocalHarnessOptions {
  readonly backend: NonNullable<SupabaseServerOptions["backend"]>;
  readonly release?: NonNullable<SupabaseServerOptions["release"]>;
  readonly publicBucket?: boolean;
}

/** The suite's surroundings: a local Supabase project of its own behind a fault proxy. */
export async function localSupabaseHarness(options: LocalHarnessOptions): Promise<Harness> {
  const { backend, release, publicBucket = false } = options;
  const server = await supabaseServer({
    backend,
    release,
    globalFileSizeLimit: 2 * 1024 ** 3,
    // A user of the project may look at everything and change nothing.
    policies: { authenticated: ({ command }) => command === "select" },
  });
  const proxy = await faultProxy({ target: server.url });
  const provider: SupabaseOptions = { url: proxy.url, key: server.serviceKey, bucket: "contract-suite" };
  await makeBucket(provider, publicBucket);
  const specialities = `${release === undefined ? "" : `, release ${release}`}${publicBucket ? ", public bucket" : ""}`;
  return {
    name: `supabase (local, ${backend} backend${specialities})`,
    ...makings(provider, {
      expiredCredentials: {
        key: server.signUserToken("service", { role: "service_role", exp: secondsOf(server.now()) - 60 }),
      },
      forbidden: { key: server.anonKey },
      readOnly: { key: server.signUserToken(randomUUID()) },
    }),
    requests: () => proxy.requests(),
    faults: proxy.faults,
    without: {},
    async destroy() {
      await proxy.close();
      await server.close();
    },
  };
}

export interface GivenSupabase {
  /** Of the project, or of its storage API. */
  readonly url: string;
  readonly serviceKey: string;
  readonly anonKey: string | undefined;
  readonly jwtSecret: string | undefined;
}

/** A project to run the suite on, from the environment; undefined when none is named. */
export const givenSupabase: GivenSupabase | undefined = (() => {
  const { SUPABASE_TEST_URL, SUPABASE_TEST_SERVICE_KEY, SUPABASE_TEST_ANON_KEY, SUPABASE_TEST_JWT_SECRET } =
    process.env;
  if (!SUPABASE_TEST_URL || !SUPABASE_TEST_SERVICE_KEY) return undefined;
  return {
    url: SUPABASE_TEST_URL,
    serviceKey: SUPABASE_TEST_SERVICE_KEY,
    anonKey: SUPABASE_TEST_ANON_KEY || undefined,
    jwtSecret: SUPABASE_TEST_JWT_SECRET || undefined,
  };
})();

/** A bucket of its own in a real project, which is removed at the end. Over plain HTTP a fault proxy stands between. */
export async function givenSupabaseHarness({ url, serviceKey, anonKey, jwtSecret }: GivenSupabase): Promise<Harness> {
  const { protocol, origin, pathname } = new URL(url);
  const proxy = protocol === "http:" ? await faultProxy({ target: origin }) : undefined;
  const options: SupabaseOptions = {
    url: (proxy?.url ?? origin) + pathname,
    key: serviceKey,
    bucket: `bucketferry-${randomUUID()}`,
  };
  const owner = supabase(options);
  await owner.ensureBucket();
  const noProxy = "the project is behind TLS, where no fault proxy can stand";
  return {
    name: `supabase (${origin})`,
    ...makings(options, {
      ...(anonKey === undefined ? {} : { forbidden: { key: anonKey } }),
      ...(jwtSecret === undefined ? {} : { expiredCredentials: { key: expiredToken(jwtSecret) } }),
    }),
    ...(proxy === undefined ? {} : { requests: () => proxy.requests(), faults: proxy.faults }),
    without: {
      ...(proxy === undefined ? { requests: noProxy, faults: noProxy } : {}),
      ...(anonKey === undefined ? { "variant:forbidden": "SUPABASE_TEST_ANON_KEY is not set" } : {}),
      ...(jwtSecret === undefined ? { "variant:expiredCredentials": "SUPABASE_TEST_JWT_SECRET is not set" } : {}),
      "variant:readOnly": "the project has no policies that let a user read and not write",
    },
    async destroy() {
      for await (const { error } of owner.deleteMany(keysOf(owner))) if (error !== undefined) throw error;
      await owner.close();
      // A bucket that stays behind says nothing about the adapter.
      await removeBucket(options).catch((error: unknown) => console.warn(`${options.bucket}:`, error));
      await proxy?.close();
    },
  };
}

/** What both harnesses have in common. */
function makings(
  options: SupabaseOptions,
  variants: Partial<Record<Variant, Partial<SupabaseOptions>>>,
): Pick<Harness, "createProvider" | "fetch" | "urls" | "badOptions"> & Required<Pick<Harness, "createVariant">> {
  const base = storageBase(options.url);
  const changes: Partial<Record<Variant, Partial<SupabaseOptions>>> = {
    wrongCredentials: { key: withOtherSignature(options.key) },
    missingBucket: { bucket: "no-such-bucket" },
    // Nothing listens at the port "discard".
    outage: { url: "http://127.0.0.1:9" },
    // The service has no regions; what can be wrong is its address.
    wrongRegion: { url: `${base}/elsewhere/storage/v1` },
    // No request says what time the client takes it to be, so there is nothing to go wrong.
    skewedClock: {},
    ...variants,
  };
  return {
    createProvider: async () => supabase(options),
    createVariant: async (variant) => supabase({ ...options, ...changes[variant] }),
    fetch: (url, init) => fetch(url, init),
    urls: urlSamples(base, options.bucket),
    badOptions: badOptions(options),
  };
}

function storageBase(url: string): string {
  const base = url.replace(/\/+$/, "");
  return base.endsWith("/storage/v1") ? base : `${base}/storage/v1`;
}

/** The same claims, signed with another secret; of a key that is no token, another key. */
function withOtherSignature(key: string): string {
  return key.replace(/[^._]+$/, Buffer.alloc(32, 7).toString("base64url"));
}

function expiredToken(jwtSecret: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = secondsOf(new Date()) - 60;
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ role: "service_role", iat: exp - 60, exp })}`;
  return `${signed}.${createHmac("sha256", jwtSecret).update(signed).digest("base64url")}`;
}

function secondsOf(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

async function* keysOf(provider: ReturnType<typeof supabase>): AsyncGenerator<string> {
  for await (const entry of provider.list()) if (entry.type === "object") yield entry.key;
}

async function makeBucket({ url, key, bucket }: SupabaseOptions, isPublic: boolean): Promise<void> {
  const body = JSON.stringify({ id: bucket, name: bucket, public: isPublic });
  await demandOk(
    await fetch(`${storageBase(url)}/bucket`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, apikey: key, "content-type": "application/json" },
      body,
    }),
  );
}

async function removeBucket({ url, key, bucket }: SupabaseOptions): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, apikey: key };
  await demandOk(await fetch(`${storageBase(url)}/bucket/${bucket}`, { method: "DELETE", headers }));
}

async function demandOk(answer: Response): Promise<void> {
  if (!answer.ok) throw new Error(`the bucket could not be made or removed: ${answer.status} ${await answer.text()}`);
}

function badOptions(good: SupabaseOptions): Harness["badOptions"] {
  const bad: Readonly<Record<string, object>> = {
    "no URL": { url: "abcd" },
    "the URL of a database": { url: "postgres://user:password@db.example.com/postgres" },
    "an empty key": { key: "" },
    "a key with a line break": { key: "abc\n" },
    "a bucket name with a slash": { bucket: "a/b" },
    "a bucket name of the service's own": { bucket: "public" },
    "an option that does not exist": { buckett: "a" },
    "no connections": { connections: 0 },
  };
  return Object.entries(bad).map(([what, change]) => ({
    what,
    create: () => supabase({ ...good, ...change } as SupabaseOptions),
  }));
}
