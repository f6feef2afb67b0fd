import { hash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig, type Route } from "@bucketferry/config";
import { OBJECT_STATES, type ObjectRecord } from "@bucketferry/ledger";
import { isStorageError, type StorageProvider } from "@bucketferry/storage-core";
import { memory, MemoryStore, type MemoryCall } from "@bucketferry/storage-core/memory";
import { stagesOver, type Stages } from "../in-process.ts";
import type { Schedule, Step } from "./schedule.ts";

/** How one object ended. Bytes as SHA-256 in hex. */
export interface Ending {
  readonly key: string;
  readonly source: string | undefined;
  readonly target: string | undefined;
  /** What a stranger put at the target last; undefined: nobody did. */
  readonly stranger: string | undefined;
  readonly record: ObjectRecord | undefined;
  /** Whether these bytes were verified at the end of any round. */
  readonly wasVerified: (sha256: string) => boolean;
  /** What happened to it, in order, to be read in a message. */
  readonly story: readonly string[];
}

export interface Played {
  readonly endings: readonly Ending[];
  /** Passes until nothing was left to do. */
  readonly rounds: number;
}

/** The steps of all schedules are over long before: no object has more than a few. */
const MOST_ROUNDS = 20;

/**
 * Plays schedules, one object each, against the stages, all at once, round after round until a plan finds nothing to do. Both
 * sides are in memory, and every call to them goes past the hands that change things.
 */
export async function play(schedules: readonly Schedule[]): Promise<Played> {
  const directory = mkdtempSync(join(tmpdir(), "bucketferry-schedules-"));
  const store = new MemoryStore();
  const source = memory({ bucket: "source", store });
  const target = memory({ bucket: "target", store });
  const lives = new Map(
    schedules.map((schedule, i) => {
      const key = `objects/${String(i).padStart(3, "0")}`;
      return [key, life(key, schedule, { source, target })] as const;
    }),
  );
  for (const one of lives.values()) await one.begin();

  const onCall = async ({ operation, bucket, key }: MemoryCall): Promise<void> => {
    const concerned = key === undefined ? lives.values() : [lives.get(key)].filter((one) => one !== undefined);
    for (const one of concerned) await one.called(`${operation} at the ${bucket}`);
  };
  const side = { adapter: "memory" };
  const config = await parseConfig(
    { ledger: "sqlite:ledger.db", routes: [{ name: "route", source: side, target: { ...side, bucket: "target" } }] },
    join(directory, "bucketferry.config.json"),
  );
  const route: Route = {
    name: "route",
    source: memory({ bucket: "source", store, onCall }),
    target: memory({ bucket: "target", store, onCall }),
    targetKey: (key) => key,
    sourceIdentity: "source",
    targetIdentity: "target",
    close: () => Promise.resolve(),
  };
  const stages = await stagesOver(config, [route]);
  try {
    const keys = [...lives.keys()];
    const verified = new Set<string>();
    const rounds = await untilQuiet(stages, async () => {
      for (const { key, state, sha256 } of (await stages.ledger.objects.find(route.name, keys)).values()) {
        if (state === "verified") verified.add(`${key} ${sha256}`);
      }
      return [...lives.values()].reduce((sum, one) => sum + one.acted(), 0);
    });
    const records = await stages.ledger.objects.find(route.name, keys);
    const endings = await Promise.all(
      [...lives].map(async ([key, { story, stranger }]) => ({
        key,
        source: await sha256At(source, key),
        target: await sha256At(target, key),
        wasVerified: (sha256: string) => verified.has(`${key} ${sha256}`),
        stranger: stranger(),
        record: records.get(key),
        story,
      })),
    );
    return { endings, rounds };
  } finally {
    await stages.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What a stranger occupies is planned, and refused, again and again; so quiet is: nobody acted, and two rounds end alike. */
async function untilQuiet(stages: Stages, acted: () => Promise<number>): Promise<number> {
  let before = "";
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    await stages.plan();
    await stages.copy();
    await stages.verify();
    const after = `${await acted()} ${JSON.stringify(await stages.ledger.objects.countByReason(OBJECT_STATES))}`;
    if (after === before) return round;
    before = after;
  }
  throw new Error(`After ${MOST_ROUNDS} rounds there is still something to do: ${before}`);
}

function life(
  key: string,
  { size, steps }: Schedule,
  { source, target }: { readonly source: StorageProvider; readonly target: StorageProvider },
) {
  const story: string[] = [];
  let version = 0;
  let next = 0;
  let calls = 0;
  let stranger: string | undefined;
  const content = (bytes: number, who: string): Buffer => Buffer.alloc(bytes, `${who} ${key} ${++version}.`);
  // Calls come side by side, and a write takes a moment (it is hashed in a thread): two of these hands' own writes at once could
  // land in the other order, and what landed first would be expected at the end.
  let hands: Promise<void> = Promise.resolve();

  const act = async ({ action }: Step): Promise<void> => {
    if (action.kind === "overwrite") {
      await source.put(key, content(action.size, "source"));
    } else if (action.kind === "delete") {
      await source.delete(key);
    } else {
      // Never the same bytes as the source's, not even none.
      const bytes = content(action.size + 1, "stranger");
      stranger = hash("sha256", bytes, "hex");
      await target.put(key, bytes);
    }
    story.push(`*** ${action.kind} ***`);
  };

  return {
    story,
    stranger: () => stranger,
    acted: () => next,
    async begin(): Promise<void> {
      if (size !== undefined) await source.put(key, content(size, "source"));
    },
    called(what: string): Promise<void> {
      hands = hands.then(async () => {
        for (let step = steps[next]; step !== undefined && calls >= step.beforeCall; step = steps[next]) {
          next++;
          calls = 0;
          await act(step);
        }
        calls++;
        story.push(what);
      });
      return hands;
    },
  };
}

async function sha256At(provider: StorageProvider, key: string): Promise<string | undefined> {
  try {
    return hash("sha256", await (await provider.get(key)).bytes(), "hex");
  } catch (error) {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  }
}
