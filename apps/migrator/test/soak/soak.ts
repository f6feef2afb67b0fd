import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRoute, parseConfig, type Config, type Route } from "@bucketferry/config";
import { isLedgerError, openLedger } from "@bucketferry/ledger";
import { faultProxy, s3Server, type FaultProxy, type RandomFault, type S3Server } from "@bucketferry/local-servers";
import { randomInteger, seededRandom, type SeenRequest } from "@bucketferry/storage-core/conformance";
import { ledgerPath } from "../../src/session.ts";
import { startCli, type CliResult } from "../cli.ts";
import { putWave, type Seeded, type Wave } from "./seeded-objects.ts";
import { keyOf } from "./weather.ts";

export interface SoakOptions {
  readonly kills: number;
  readonly seed: string;
  /** New objects arrive in so many waves, so that there is always something to kill. */
  readonly waves: number;
  readonly smallPerWave: number;
  readonly largePerWave: number;
  readonly largeBytes: readonly [least: number, most: number];
  /** What happens to requests, on each of the two ways. */
  readonly weather: readonly RandomFault[];
  /** The target; left out: a local S3 server. Its bucket is made here, and left to the caller. */
  readonly target?: SoakTarget | undefined;
  readonly onKill?: (soFar: SoakProgress) => void;
}

export interface SoakTarget {
  readonly url: string;
  /** Fields of the target's configuration beside `adapter` and `endpoint`. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface SoakProgress {
  readonly kills: number;
  readonly starts: number;
  readonly verified: number;
  readonly objects: number;
  readonly command: string;
}

export interface SoakReport {
  readonly kills: number;
  /** Which commands were killed, how often. */
  readonly killed: Readonly<Record<string, number>>;
  readonly starts: number;
  readonly objects: number;
  readonly bytes: number;
  /** Requests that suffered, by kind of fault, both ways together. */
  readonly struck: Readonly<Record<string, number>>;
  /** Of the last run, which nobody killed. */
  readonly exitCode: number | null;
  /** Everything that is not as it has to be, one sentence each; none: the soak is passed. */
  readonly problems: readonly string[];
}

/** Commands that are started to be killed, the more often the more they do. */
const COMMANDS: readonly (readonly [weight: number, ...args: string[]])[] = [
  [9, "run", "--yes", "--no-fetch"],
  [2, "plan"],
  [5, "copy", "--allow-partial"],
  [2, "verify", "--allow-partial"],
  [1, "verify", "--deep", "--allow-partial"],
  [1, "prove", "--no-fetch", "--allow-partial"],
];

/** Ends that a command may find by itself before it is killed: done, done in part, a gate that is closed. */
const OWN_ENDS: readonly (number | null)[] = [0, 3, 4];
const MOST_REQUESTS_BEFORE_KILL = 400;
const MOST_MS_BEFORE_KILL = 40;

/**
 * Copies objects from S3 to S3 in bad weather while the migrator is killed again and again at places that nobody chose, then
 * lets it end, and looks at what has become of the objects.
 */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const world = await openSoakWorld(options);
  try {
    return await killAgainAndAgain(world, options);
  } finally {
    await world.close();
  }
}

interface SoakWorld {
  readonly config: Config;
  readonly configFile: string;
  /** Both sides, reached without the proxies. */
  readonly route: Route;
  readonly proxies: readonly FaultProxy[];
  /** How often something began to be written under a key of the target. */
  readonly writes: ReadonlyMap<string, number>;
  /** Called for every request that a migrator makes. */
  onRequest: () => void;
  close(): Promise<void>;
}

async function openSoakWorld({ seed, weather, target }: SoakOptions): Promise<SoakWorld> {
  // What was opened is closed as well when something after it cannot be opened: a server would keep the process for ever.
  await using opened = new AsyncDisposableStack();
  const directory = opened.adopt(mkdtempSync(join(tmpdir(), "bucketferry-soak-")), async (path) => {
    rmSync(path, { recursive: true, force: true });
  });
  const closedAtTheEnd = async <Opened extends { close(): Promise<void> }>(opening: Promise<Opened>): Promise<Opened> =>
    opened.adopt(await opening, (one) => one.close());
  const configFile = join(directory, "bucketferry.config.json");
  const source = await closedAtTheEnd(s3Server({ directory: join(directory, "source") }));
  const own =
    target === undefined ? await closedAtTheEnd(s3Server({ directory: join(directory, "target") })) : undefined;
  const targetUrl = target?.url ?? own?.url ?? "";
  const writes = new Map<string, number>();
  const sourceProxy = await closedAtTheEnd(
    faultProxy({
      target: source.url,
      random: { seed: `${seed} source`, faults: weather },
      onRequest: () => world.onRequest(),
    }),
  );
  const targetProxy = await closedAtTheEnd(
    faultProxy({
      target: targetUrl,
      random: { seed: `${seed} target`, faults: weather },
      onRequest(request) {
        const key = beginsWriting(request) ? keyOf(request) : undefined;
        if (key !== undefined) writes.set(key, (writes.get(key) ?? 0) + 1);
        world.onRequest();
      },
    }),
  );
  const configOf = (sourceUrl: string, url: string): object => ({
    ledger: "sqlite:ledger.db",
    routes: [
      {
        name: "soak",
        source: { ...localOptions(source, "old-files"), endpoint: sourceUrl },
        target: {
          ...(own === undefined ? target?.options : localOptions(own, "new-files")),
          adapter: "s3",
          endpoint: url,
        },
      },
    ],
    copy: { concurrency: 8, maxAttempts: 6 },
  });
  const throughProxies = configOf(sourceProxy.url, targetProxy.url);
  writeFileSync(configFile, JSON.stringify(throughProxies));
  const [direct] = (await parseConfig(configOf(source.url, targetUrl), configFile)).routes;
  if (direct === undefined) throw new Error("the configuration has no route");
  const route = opened.adopt(openRoute(direct), (one) => one.close());
  await route.source.ensureBucket();
  await route.target.ensureBucket();
  const config = await parseConfig(throughProxies, configFile);
  const closing = opened.move();
  const world: SoakWorld = {
    config,
    configFile,
    route,
    proxies: [sourceProxy, targetProxy],
    writes,
    onRequest: () => undefined,
    close: () => closing.disposeAsync(),
  };
  return world;
}

function localOptions({ region, credentials }: S3Server, bucket: string): Record<string, unknown> {
  const { accessKeyId, secretAccessKey } = credentials;
  return { adapter: "s3", region, bucket, profile: "aws", forcePathStyle: true, accessKeyId, secretAccessKey };
}

/** A put of a whole object, or the beginning of an upload in parts. */
function beginsWriting({ method, query }: SeenRequest): boolean {
  return (
    (method === "PUT" && !query.includes("uploadId")) || (method === "POST" && /(?:^|&)uploads(?:=|&|$)/.test(query))
  );
}

async function killAgainAndAgain(world: SoakWorld, options: SoakOptions): Promise<SoakReport> {
  const random = seededRandom(`${options.seed} kills`);
  const problems = new Set<string>();
  const killed: Record<string, number> = {};
  const seeded: Seeded = new Map();
  const done = verifiedObjects(world, problems);
  let kills = 0;
  let starts = 0;
  let waves = 0;

  while (kills < options.kills) {
    if (kills >= (waves * options.kills) / options.waves) await nextWave(world, options, waves++, seeded);
    const [, ...command] = weighted(COMMANDS, random);
    starts++;
    const result = await startAndKill(world, command, random);
    const verified = await done.look();
    if (result.signal === "SIGKILL") {
      kills++;
      killed[command[0] ?? ""] = (killed[command[0] ?? ""] ?? 0) + 1;
      options.onKill?.({ kills, starts, verified, objects: seeded.size, command: command.join(" ") });
    } else if (!OWN_ENDS.includes(result.code)) {
      problems.add(`\`${command.join(" ")}\` ended by itself with ${result.code}: ${wordsOf(result)}`);
    } else if (verified === seeded.size && waves < options.waves) {
      // Everything is done before its time: the next kills need something to hit.
      await nextWave(world, options, waves++, seeded);
    }
  }
  while (waves < options.waves) await nextWave(world, options, waves++, seeded);

  const last = await startCli([...argsOf(world, ["run", "--yes", "--no-fetch"])]).result;
  if (last.code !== 0) problems.add(`The last run ended with ${last.code}: ${wordsOf(last)}`);
  await done.look();
  const bytes = await lookAtTarget(world, seeded, problems);
  const struck = sumOf(world.proxies.map((proxy) => proxy.struck()));
  for (const kind of new Set(options.weather.map(({ fault }) => fault.kind))) {
    if (struck[kind] === undefined) problems.add(`No request suffered ${kind}: this run says nothing about it.`);
  }
  return {
    kills,
    killed,
    starts,
    objects: seeded.size,
    bytes,
    struck,
    exitCode: last.code,
    problems: [...problems],
  };
}

function nextWave(world: SoakWorld, options: SoakOptions, number: number, seeded: Seeded): Promise<void> {
  const wave: Wave = {
    number,
    small: options.smallPerWave,
    large: options.largePerWave,
    largeBytes: options.largeBytes,
  };
  return putWave(world.route.source, wave, options.seed, seeded);
}

function argsOf(world: SoakWorld, command: readonly string[]): string[] {
  return [...command, "--json", "--log-level", "error", "--config", world.configFile];
}

/** Starts a command, and kills it when it has made a random number of requests, a random moment later. */
async function startAndKill(world: SoakWorld, command: readonly string[], random: () => number): Promise<CliResult> {
  const { child, result } = startCli(argsOf(world, command));
  let left = Math.floor(MOST_REQUESTS_BEFORE_KILL ** random());
  const delayMs = random() < 0.5 ? 0 : random() * MOST_MS_BEFORE_KILL;
  let timer: NodeJS.Timeout | undefined;
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  world.onRequest = () => {
    if (--left !== 0) return;
    if (delayMs === 0) kill();
    else timer = setTimeout(kill, delayMs);
  };
  try {
    return await result;
  } finally {
    clearTimeout(timer);
    world.onRequest = () => undefined;
  }
}

/** Watches that nothing is written any more where the ledger has said `verified`, and that it goes on saying so. */
function verifiedObjects({ config, writes }: SoakWorld, problems: Set<string>) {
  const writesWhenVerified = new Map<string, number>();
  return {
    /** Reads the ledger; resolves with how many objects are verified. */
    async look(): Promise<number> {
      const ledger = await openLedger({
        path: ledgerPath(config),
        routes: config.routes.map(({ name, source, target }) => ({
          name,
          sourceIdentity: source.identity,
          targetIdentity: target.identity,
        })),
        mode: "read",
        command: "soak",
        version: "0",
      }).catch((error: unknown) => {
        // Killed before there was a ledger.
        if (isLedgerError(error, "NotFound")) return undefined;
        throw error;
      });
      if (ledger === undefined) return 0;
      const now = new Set<string>();
      try {
        for await (const { key } of ledger.objects.walk({ route: "soak", states: ["verified"] })) now.add(key);
      } finally {
        await ledger.close();
      }
      for (const [key, before] of writesWhenVerified) {
        if (!now.has(key)) problems.add(`${key} was verified, and is not any more.`);
        const after = writes.get(key) ?? 0;
        if (after > before) problems.add(`${key} was written again after it was recorded as verified.`);
      }
      for (const key of now) writesWhenVerified.set(key, writes.get(key) ?? 0);
      return now.size;
    },
  };
}

/** Reads every object straight from the target; resolves with their bytes. */
async function lookAtTarget({ route }: SoakWorld, seeded: Seeded, problems: Set<string>): Promise<number> {
  const left = new Map(seeded);
  let bytes = 0;
  for await (const entry of route.target.list()) {
    if (entry.type !== "object") continue;
    const expected = left.get(entry.key);
    if (expected === undefined) {
      problems.add(`${entry.key} is at the target, and never was at the source.`);
      continue;
    }
    left.delete(entry.key);
    const sha256 = createHash("sha256");
    const opened = await route.target.get(entry.key);
    for await (const chunk of opened) {
      sha256.update(chunk);
      bytes += chunk.byteLength;
    }
    if (sha256.digest("hex") !== expected) problems.add(`${entry.key} has other bytes than the source.`);
    if (opened.info.contentType !== "audio/mpeg" || opened.info.metadata["wave"] === undefined) {
      problems.add(`${entry.key} has lost its headers.`);
    }
  }
  for (const key of left.keys()) problems.add(`${key} is missing at the target.`);
  for await (const upload of route.target.multipart.list()) {
    problems.add(`An unfinished upload of ${upload.key} is left at the target.`);
  }
  return bytes;
}

/** What a command said last; its failures are among its events. */
function wordsOf({ stdout, stderr }: CliResult): string {
  return `${stdout.slice(-1_000)} ${stderr.slice(-1_000)}`.trim();
}

function weighted<T extends readonly [weight: number, ...unknown[]]>(choices: readonly T[], random: () => number): T {
  let left = randomInteger(
    random,
    1,
    choices.reduce((sum, [weight]) => sum + weight, 0),
  );
  for (const choice of choices) {
    left -= choice[0];
    if (left <= 0) return choice;
  }
  throw new Error("there is nothing to choose from");
}

function sumOf(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [name, count] of counts.flatMap((one) => Object.entries(one))) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
