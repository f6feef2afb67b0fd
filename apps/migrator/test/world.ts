import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRoute, parseConfig, type Route } from "@bucketferry/config";
import { s3Server, type ProfileName, type S3Server, type SeenOperation } from "@bucketferry/local-servers";

export interface WorldOptions {
  readonly targetProfile?: ProfileName;
  /** Both services answer listings with pages shorter than asked for. */
  readonly shortPages?: boolean;
  /** Goes into the configuration beside ledger and route. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Two S3 services with a bucket each, a configuration for them, and eyes on every request that they answer. */
export interface World {
  readonly directory: string;
  readonly configFile: string;
  readonly source: S3Server;
  readonly target: S3Server;
  readonly route: Route;
  /** Answered requests so far, by side, oldest first. */
  readonly seen: { readonly source: SeenOperation[]; readonly target: SeenOperation[] };
  /** Called when an answer is known and not sent yet. */
  onSeen: (side: "source" | "target", operation: SeenOperation) => void;
  /** Writes the configuration, changed. */
  configure(change: (config: ConfigFile) => void): void;
  count(side: "source" | "target", operation: string, status?: number): number;
  close(): Promise<void>;
}

export interface ConfigFile {
  ledger: string;
  routes: { name: string; source: Record<string, unknown>; target: Record<string, unknown> }[];
  [field: string]: unknown;
}

export async function openWorld({
  targetProfile = "aws",
  shortPages = false,
  extra = {},
}: WorldOptions = {}): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), "bucketferry-migrator-"));
  const configFile = join(directory, "bucketferry.config.json");
  const seen = { source: [] as SeenOperation[], target: [] as SeenOperation[] };
  const serverFor = (side: "source" | "target", profile: ProfileName): Promise<S3Server> =>
    s3Server({
      profile,
      shortPages,
      onRequest(operation) {
        seen[side].push(operation);
        world.onSeen(side, operation);
      },
    });
  const [source, target] = await Promise.all([serverFor("source", "aws"), serverFor("target", targetProfile)]);
  const sideOf = (server: S3Server, bucket: string, profile: string): Record<string, unknown> => ({
    adapter: "s3",
    endpoint: server.url,
    region: server.region,
    bucket,
    profile,
    forcePathStyle: true,
    accessKeyId: server.credentials.accessKeyId,
    secretAccessKey: server.credentials.secretAccessKey,
  });
  const config: ConfigFile = {
    ledger: "sqlite:ledger.db",
    routes: [
      {
        name: "audio",
        source: sideOf(source, "old-files", "aws"),
        target: sideOf(target, "new-files", adapterProfile(targetProfile)),
      },
    ],
    copy: { concurrency: 8, maxAttempts: 3 },
    ...extra,
  };
  writeFileSync(configFile, JSON.stringify(config));
  const [routeConfig] = (await parseConfig(config, configFile)).routes;
  if (routeConfig === undefined) throw new Error("the configuration has no route");
  const route = openRoute(routeConfig);
  const world: World = {
    directory,
    configFile,
    source,
    target,
    route,
    seen,
    onSeen: () => undefined,
    configure(change) {
      const copy = structuredClone(config);
      change(copy);
      writeFileSync(configFile, JSON.stringify(copy));
    },
    count: (side, operation, status) =>
      seen[side].filter((one) => one.operation === operation && (status === undefined || one.status === status)).length,
    async close() {
      await route.close();
      await Promise.all([source.close(), target.close()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await route.source.ensureBucket();
  await route.target.ensureBucket();
  return world;
}

/** The adapter names some services otherwise than the servers do. */
function adapterProfile(profile: ProfileName): string {
  return profile.startsWith("ceph") ? "ceph" : profile;
}

/** Bytes that differ from object to object and from place to place. */
export function content(seed: number, size: number): Uint8Array {
  const bytes = Buffer.alloc(size);
  let state = seed * 2_654_435_761 + 1;
  for (let i = 0; i < size; i++) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    bytes[i] = state >> 16;
  }
  return bytes;
}

/** Puts `count` small objects at the source, the sizes from 0 up. */
export async function seed(world: World, count: number): Promise<string[]> {
  const keys = Array.from({ length: count }, (_, i) => `lectures/${String(i).padStart(4, "0")} ü+&.mp3`);
  await Promise.all(
    keys.map((key, i) =>
      world.route.source.put(key, content(i, i * 7), { contentType: "audio/mpeg", metadata: { lecture: String(i) } }),
    ),
  );
  return keys;
}

/** Everything at one side: key → size and ETag. */
export async function inventory(provider: Route["source"]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const entry of provider.list()) {
    if (entry.type === "object") found[entry.key] = `${entry.size} ${entry.etag}`;
  }
  return found;
}
