import type { Harness, Variant } from "@bucketferry/storage-core/conformance";
import { supabaseServer, type SupabaseServerOptions } from "@bucketferry/local-servers";
import { supabase, type SupabaseOptions } from "../../src/index.ts";
import { urlSamples } from "./url-samples.ts";

const BUCKET = "contract-suite";
const UNUSED_PORT_URL = "http://127.0.0.1:9";

export interface LocalHarnessOptions {
  readonly backend: NonNullable<SupabaseServerOptions["backend"]>;
  readonly publicBucket?: boolean;
}

/** The suite's surroundings: a local Supabase project of its own. */
export async function localSupabaseHarness({ backend, publicBucket = false }: LocalHarnessOptions): Promise<Harness> {
  const server = await supabaseServer({
    backend,
    // A user of the project may look at everything and change nothing.
    policies: { authenticated: ({ command }) => command === "select" },
  });
  const options: SupabaseOptions = { url: server.url, key: server.serviceKey, bucket: BUCKET };
  await makeBucket(options, publicBucket);

  const variants: Partial<Record<Variant, Partial<SupabaseOptions>>> = {
    wrongCredentials: { key: withOtherSignature(server.serviceKey) },
    expiredCredentials: {
      key: server.signUserToken("service", {
        role: "service_role",
        exp: Math.floor(server.now().getTime() / 1000) - 60,
      }),
    },
    forbidden: { key: server.anonKey },
    readOnly: { key: server.signUserToken("00000000-0000-0000-0000-000000000001") },
    missingBucket: { bucket: "no-such-bucket" },
    outage: { url: UNUSED_PORT_URL },
    wrongRegion: { url: `${server.storageUrl}/elsewhere/storage/v1` },
    skewedClock: {},
  };
  return {
    name: `supabase (local, ${backend} backend${publicBucket ? ", public bucket" : ""})`,
    createProvider: async () => supabase(options),
    createVariant: async (variant) => supabase({ ...options, ...variants[variant] }),
    requests: () => server.requests().length,
    fetch: (url, init) => fetch(url, init),
    without: {},
    urls: urlSamples(server.storageUrl, BUCKET),
    badOptions: badOptions(options),
    destroy: () => server.close(),
  };
}

/** The same bytes, signed with another secret. */
function withOtherSignature(token: string): string {
  return token.replace(/[^.]+$/, Buffer.alloc(32, 7).toString("base64url"));
}

async function makeBucket(options: SupabaseOptions, isPublic: boolean): Promise<void> {
  const answer = await fetch(`${options.url}/storage/v1/bucket`, {
    method: "POST",
    headers: { authorization: `Bearer ${options.key}`, "content-type": "application/json" },
    body: JSON.stringify({ id: options.bucket, name: options.bucket, public: isPublic }),
  });
  if (!answer.ok) throw new Error(`the bucket could not be made: ${answer.status} ${await answer.text()}`);
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
