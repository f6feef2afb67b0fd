/**
 * `pnpm demo`: a classroom app leaves Supabase Storage for S3, and nobody notices.
 *
 * Everything is real but the two clouds, which are local servers that speak their protocols: the files, the app's
 * database, the adapters, and the command line that does the work.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { openSide, parseSide } from "@bucketferry/config";
import { s3Server, supabaseServer } from "@bucketferry/local-servers";
import { bucketferry } from "./cli.ts";
import { classroom, type Classroom } from "./classroom.ts";
import { realFiles } from "./real-files.ts";
import { say, title } from "./say.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, ".bucketferry/demo");
const BUCKETS = ["lecture-audio", "images"] as const;
const started = performance.now();

await rm(FOLDER, { recursive: true, force: true });
await mkdir(FOLDER, { recursive: true });

title("1. Two clouds and an app");
await using servers = new AsyncDisposableStack();
const supabase = await supabaseServer({ directory: join(FOLDER, "supabase"), globalFileSizeLimit: 100_000_000 });
servers.defer(() => supabase.close());
const s3 = await s3Server({ directory: join(FOLDER, "s3"), publicPrefixes: ["classroom/"] });
servers.defer(() => s3.close());
say(
  `Supabase Storage at ${supabase.url}, S3 at ${s3.url}: local servers that check signatures and speak the real protocols.`,
);

const app = classroom(join(FOLDER, "classroom.db"));
servers.defer(() => app.close());
const sourceOf = (bucket: string): object => ({
  adapter: "supabase",
  url: supabase.url,
  key: { env: "SUPABASE_SERVICE_KEY" },
  bucket,
});
const environment = {
  SUPABASE_SERVICE_KEY: supabase.serviceKey,
  S3_ACCESS_KEY_ID: s3.credentials.accessKeyId,
  S3_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
};
const { objects, bytes } = await fillSupabase(app);
say(
  `The app has uploaded ${objects} files (${(bytes / 1e6).toFixed(1)} MB): audio, images, an empty one, a long one, awkward names.`,
);
say(
  `Its database holds Supabase URLs in ${app.cellsWith(supabase.url)} cells: columns, Markdown, JSON, JSON within JSON.`,
);

title("2. One configuration");
const config = join(FOLDER, "bucketferry.config.json");
await writeFile(config, `${JSON.stringify(configuration(), undefined, 2)}\n`);
say(`${relative(ROOT, config)} names two routes, the database, and no secret.`);

title("3. The move");
const run = bucketferry(environment, config);
const original = app.digest();
await run("doctor");
await run("setup", "--yes");
await run("plan");
await run("copy");
await run("verify");
await run("rewrite");
await run("rewrite", "--apply");
await run("prove");
const moved = app.digest();
expectThat(app.cellsWith(supabase.url) === 0, "no cell holds a Supabase URL any more");
expectThat(moved !== original, "the database has changed");
await fetchLikeAUser(app);

title("4. And back, and forth again");
await run("rollback", "--yes");
expectThat(app.digest() === original, "after the rollback the database is what it was, to the last byte");
await run("rewrite", "--apply");
expectThat(app.digest() === moved, "and after the second rewrite it is what it was after the first");
await run("status");

title("Where to look");
say(`Everything is in ${relative(ROOT, FOLDER)}/:`);
say("the app's database (classroom.db), the configuration, and in .bucketferry/ the ledger and the evidence.");
say(`Done in ${((performance.now() - started) / 1000).toFixed(1)} s.`);

async function fillSupabase(into: Classroom): Promise<{ objects: number; bytes: number }> {
  const sides = new Map(
    await Promise.all(
      BUCKETS.map(async (bucket) => {
        await makePublicBucket(bucket);
        const side = openSide(
          await parseSide(sourceOf(bucket), FOLDER, { environment: { SUPABASE_SERVICE_KEY: supabase.serviceKey } }),
        );
        servers.defer(() => side.close());
        return [bucket, side] as const;
      }),
    ),
  );
  const files = [...realFiles()];
  const urls = { "lecture-audio": [] as string[], images: [] as string[] };
  for (let from = 0; from < files.length; from += 16) {
    await Promise.all(
      files.slice(from, from + 16).map(async ({ bucket, key, bytes: body, ...options }) => {
        await sides.get(bucket)?.put(key, body, options);
      }),
    );
  }
  for (const { bucket, key } of files) urls[bucket].push(sides.get(bucket)?.publicUrl(key) ?? "");
  urls["lecture-audio"].forEach((url, index) => into.lecture(index + 1, url));
  urls.images.forEach((url, index) => into.user(index + 1, url));
  urls.images.forEach((url, index) => into.post(index + 1, url, urls["lecture-audio"][index] ?? ""));
  return { objects: files.length, bytes: files.reduce((sum, file) => sum + file.bytes.byteLength, 0) };
}

/** As somebody did in Supabase's dashboard, long ago. */
async function makePublicBucket(bucket: string): Promise<void> {
  const response = await fetch(`${supabase.storageUrl}/bucket`, {
    method: "POST",
    headers: { authorization: `Bearer ${supabase.serviceKey}`, "content-type": "application/json" },
    body: JSON.stringify({ id: bucket, name: bucket, public: true }),
  });
  if (!response.ok) throw new Error(`the bucket ${bucket} was not made: ${await response.text()}`);
}

function configuration(): object {
  const target = {
    adapter: "s3",
    endpoint: s3.url,
    region: "us-east-1",
    forcePathStyle: true,
    bucket: "classroom",
    accessKeyId: { env: "S3_ACCESS_KEY_ID" },
    secretAccessKey: { env: "S3_SECRET_ACCESS_KEY" },
  };
  return {
    ledger: "sqlite:.bucketferry/ledger.db",
    routes: [
      { name: "audio", source: sourceOf("lecture-audio"), target: { ...target, prefix: "audio/" } },
      { name: "images", source: sourceOf("images"), target: { ...target, prefix: "images/" } },
    ],
    database: { url: "sqlite:classroom.db" },
    rewrite: { to: "public" },
  };
}

/** What matters in the end: the URL that the app now hands out gives the file that was uploaded. */
async function fetchLikeAUser(from: Classroom): Promise<void> {
  const url = from.firstAudioUrl();
  const response = await fetch(url);
  const [first] = realFiles();
  const body = new Uint8Array(await response.arrayBuffer());
  expectThat(
    response.ok && first !== undefined && Buffer.from(first.bytes).equals(body),
    `${url} plays what was uploaded`,
  );
}

function expectThat(fact: boolean, claim: string): void {
  if (!fact) throw new Error(`This should be so, and is not: ${claim}`);
  say(`✓ ${claim}`);
}
