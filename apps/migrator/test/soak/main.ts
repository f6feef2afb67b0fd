/**
 * `node --conditions=@bucketferry/source apps/migrator/test/soak/main.ts --kills 200 --seed 1 [--ceph]`: the long soak.
 * Prints its report as JSON, with how often each fault came; exit code 1 when something is not as it has to be.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { DeleteBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { openSide, parseConfig } from "@bucketferry/config";
import { findS3Endpoint, requireEngine, S3_ENDPOINT_HINT, type S3Endpoint } from "@bucketferry/local-servers";
import { soak, type SoakTarget } from "./soak.ts";
import { BAD_WEATHER } from "./weather.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now()) },
    waves: { type: "string", default: "25" },
    small: { type: "string", default: "150" },
    large: { type: "string", default: "1" },
    ceph: { type: "boolean", default: false },
  },
});

/** A connection whose client was killed in mid-request may take a moment to be given up. */
const CLOSED_WITHIN_MS = 10_000;
const LOOK_MS = 100;
/** Its own output, and the waiting for the others. */
const OF_THE_PROCESS: ReadonlySet<string> = new Set(["PipeWrap", "TTYWrap", "Timeout"]);

const startedMs = performance.now();
const endpoint = values.ceph ? requireEngine("S3", await findS3Endpoint(), S3_ENDPOINT_HINT) : undefined;
const target = endpoint === undefined ? undefined : targetAt(endpoint);
try {
  const report = await soak({
    kills: Number(values.kills),
    seed: values.seed,
    waves: Number(values.waves),
    smallPerWave: Number(values.small),
    largePerWave: Number(values.large),
    largeBytes: [20_000_000, 60_000_000],
    weather: BAD_WEATHER,
    target,
    onKill: ({ kills, starts, verified, objects, command }) => {
      console.error(`${kills} kills, ${starts} starts, ${verified} of ${objects} verified (${command})`);
    },
  });
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  console.log(JSON.stringify({ seed: values.seed, seconds, ...report }, undefined, 2));
  if (report.problems.length > 0) process.exitCode = 1;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
if (endpoint !== undefined && target !== undefined) await removeBucket(target, endpoint);
await endWithNothingOpen();

/**
 * Everything is closed by now; what is not is a leak, and is named. Then the process is ended: left to itself, Node (24.21) was seen
 * to spin for ever in its own clean-up, after thousands of sockets that were reset in the middle of a write.
 */
async function endWithNothingOpen(): Promise<never> {
  const stillOpen = (): string[] => process.getActiveResourcesInfo().filter((kind) => !OF_THE_PROCESS.has(kind));
  for (let waitedMs = 0; stillOpen().length > 0 && waitedMs < CLOSED_WITHIN_MS; waitedMs += LOOK_MS)
    await sleep(LOOK_MS);
  const open = stillOpen();
  if (open.length > 0) {
    console.error(`Still open ${CLOSED_WITHIN_MS} ms after the end: ${open.join(", ")}`);
    process.exit(1);
  }
  process.exit();
}

function targetAt({ endpoint: url, region, credentials }: S3Endpoint): SoakTarget {
  const bucket = `bucketferry-soak-${process.pid}-${Date.now()}`;
  const { accessKeyId, secretAccessKey } = credentials;
  return { url, options: { region, bucket, forcePathStyle: true, accessKeyId, secretAccessKey, profile: "ceph" } };
}

/** Nothing in this project deletes buckets, so the AWS SDK does. */
async function removeBucket({ url, options }: SoakTarget, { region, credentials }: S3Endpoint): Promise<void> {
  const sides = { adapter: "s3", endpoint: url, ...options };
  const config = {
    ledger: "sqlite:none.db",
    routes: [{ name: "clean-up", source: { ...sides, prefix: "x/" }, target: sides }],
  };
  const [route] = (await parseConfig(config, "clean-up")).routes;
  if (route === undefined) return;
  const side = openSide(route.target);
  const keys: string[] = [];
  for await (const entry of side.list()) if (entry.type === "object") keys.push(entry.key);
  for await (const outcome of side.deleteMany(keys)) void outcome;
  for await (const upload of side.multipart.list()) await side.multipart.abort(upload);
  await side.close();
  const client = new S3Client({ endpoint: url, region, credentials, forcePathStyle: true });
  await client.send(new DeleteBucketCommand({ Bucket: String(options["bucket"]) }));
  client.destroy();
}
