import { readFileSync } from "node:fs";
import { parseConfig, type Config, type Route } from "@bucketferry/config";
import { openLedger, type Ledger } from "@bucketferry/ledger";
import type { GetOptions } from "@bucketferry/storage-core";
import type { CommandEvent } from "../src/report/events.ts";
import type { Reporter } from "../src/report/reporter.ts";
import { ledgerPath } from "../src/session.ts";
import { openSides } from "../src/sides.ts";
import type { CopyOptions } from "../src/pipeline/copy-run.ts";
import { copy, type CopySummary } from "../src/stages/copy.ts";
import { plan, type PlanOptions, type PlanSummary } from "../src/stages/plan.ts";
import type { StageContext } from "../src/stages/stage-context.ts";
import type { VerifyDepth } from "../src/decide/verify-object.ts";
import { verify, type VerifyOptions, type VerifySummary } from "../src/stages/verify.ts";
import type { World } from "./world.ts";

/** The stages in this process, for tests that look inside; the command line has tests of its own. */
export interface Stages {
  readonly ledger: Ledger;
  readonly context: StageContext;
  readonly events: readonly CommandEvent[];
  /** Called when the source has opened an object for the copier and nothing of it was read. */
  afterOpen: (key: string) => Promise<void>;
  plan(options?: Partial<PlanOptions>): Promise<PlanSummary>;
  copy(options?: Partial<CopyOptions>): Promise<CopySummary>;
  verify(depth?: VerifyDepth, options?: Partial<VerifyOptions>): Promise<VerifySummary>;
  close(): Promise<void>;
}

export async function openStages(world: World): Promise<Stages> {
  const config: Config = await parseConfig(JSON.parse(readFileSync(world.configFile, "utf8")), world.configFile);
  const routes = openSides(config, { onCall: () => undefined }).map((route) => ({
    ...route,
    source: {
      ...route.source,
      get: async (key: string, options?: GetOptions) => {
        const opened = await route.source.get(key, options);
        await stages.afterOpen(key);
        return opened;
      },
    },
  }));
  const stages = await stagesOver(config, routes);
  return stages;
}

/** The stages over routes that are open already; the configuration has the ledger and the options. */
export async function stagesOver(config: Config, routes: readonly Route[]): Promise<Stages> {
  const ledger = await openLedger({ path: ledgerPath(config), routes, mode: "write", command: "test", version: "0" });
  const events: CommandEvent[] = [];
  const never = new AbortController().signal;
  const context: StageContext = { routes, ledger, reporter: recordingReporter(events), drain: never, abort: never };
  const stages: Stages = {
    ledger,
    context,
    events,
    afterOpen: () => Promise.resolve(),
    plan: (options = {}) =>
      plan(context, {
        placeholders: "skip",
        overwrite: false,
        selections: new Map(),
        archived: "skip",
        metadata: "keep-in-ledger",
        manifest: undefined,
        partSizeBytes: undefined,
        bytesPerSecond: undefined,
        ...options,
      }),
    copy: (options = {}) =>
      copy(context, {
        concurrency: config.copy.concurrency,
        bandwidthLimitBytesPerSecond: undefined,
        partSizeBytes: undefined,
        order: "key",
        metadata: "keep-in-ledger",
        contentType: "keep",
        serverSide: config.copy.serverSide,
        patienceMs: 20_000,
        ...options,
      }),
    verify: (depth = "standard", options = {}) => verify(context, { depth, concurrency: 4, ...options }),
    async close() {
      await ledger.close();
      await Promise.all(routes.map((route) => route.close()));
    },
  };
  return stages;
}

function recordingReporter(events: CommandEvent[]): Reporter {
  return {
    kind: "json",
    logLevel: "silent",
    event: (event) => events.push(event),
    line: () => undefined,
    table: () => undefined,
    progress: () => ({ add: () => undefined, end: () => undefined }),
    confirm: () => Promise.resolve(undefined),
    log: () => undefined,
    summary: () => undefined,
  };
}
