import type { Config, Route } from "@bucketferry/config";
import type { Ledger } from "@bucketferry/ledger";
import { CommandError } from "./command-error.ts";
import { EXIT } from "./exit-codes.ts";
import type { HostLimits } from "./pipeline/host-limits.ts";
import type { Interrupt } from "./process/interrupt.ts";
import { joinedSignal } from "./process/joined-signal.ts";
import { configPath, surroundings } from "./process/config-path.ts";
import { logCalls } from "./report/log-call.ts";
import type { Reporter } from "./report/reporter.ts";
import type { StageContext } from "./stages/stage-context.ts";
import { VERSION } from "./version.ts";

/** What every command has from its command line and its surroundings. */
export interface CommandEnvironment {
  readonly command: string;
  readonly config: string | undefined;
  readonly acceptRouteChanges: boolean;
  readonly reporter: Reporter;
  readonly interrupt: Interrupt;
}

/** A configuration whose sides are open. */
export interface Sides {
  readonly config: Config;
  readonly routes: readonly Route[];
  readonly hosts: HostLimits;
}

/** The same with the ledger. */
export interface Session extends Sides {
  readonly ledger: Ledger;
  readonly context: StageContext;
}

export async function readConfig(environment: CommandEnvironment): Promise<Config> {
  const { loadConfig } = await import("@bucketferry/config");
  return loadConfig(configPath(environment.config, surroundings()));
}

/** Opens the configuration and both sides of its routes, and closes them when `work` is over, however it ends. */
export async function withSides<T>(environment: CommandEnvironment, work: (sides: Sides) => Promise<T>): Promise<T> {
  const { reporter } = environment;
  const config = await readConfig(environment);
  const { hostLimitsOf, openSides } = await import("./sides.ts");
  const hosts = hostLimitsOf(config);
  const routes = openSides(config, { hosts, onCall: logCalls(reporter) });
  try {
    return await work({ config, routes, hosts });
  } finally {
    await Promise.allSettled(routes.map((route) => route.close()));
  }
}

/** Path of the ledger's file. */
export function ledgerPath(config: Config): string {
  if (config.ledger.kind === "sqlite") return config.ledger.path;
  throw new CommandError(EXIT.usage, "LedgerKind", "The ledger is on Postgres, which this version cannot use yet.", {
    hint: "Write `sqlite:PATH` under `ledger` in the configuration.",
  });
}

/**
 * `withSides`, with the ledger and its lock. What `work` resolves with is recorded as the run's end; a ledger that was taken
 * over meanwhile is what the command fails with, whatever else it met.
 */
export async function withSession<
  T extends { readonly exitCode: number; readonly counts: Readonly<Record<string, unknown>> },
>(environment: CommandEnvironment, work: (session: Session) => Promise<T>): Promise<T> {
  return withSides(environment, async (sides) => {
    const { openLedger } = await import("@bucketferry/ledger");
    const { reporter, interrupt, command } = environment;
    const ledger = await openLedger({
      path: ledgerPath(sides.config),
      routes: sides.routes,
      mode: "write",
      command,
      version: VERSION,
      acceptRoutes: environment.acceptRouteChanges,
    });
    try {
      if (ledger.taken === "owner-dead" || ledger.taken === "lease-over") {
        reporter.log(
          "warn",
          "The process that held the ledger before has ended without giving it back; going on in its place.",
        );
      }
      await ledger.runs.start();
      reporter.event({
        type: "start",
        command,
        version: VERSION,
        config: sides.config.file,
        ledger: ledger.path,
        fingerprint: ledger.fingerprint,
        routes: sides.routes.map((route) => `${route.name}: ${route.sourceIdentity} → ${route.targetIdentity}`),
      });
      const context: StageContext = {
        routes: sides.routes,
        ledger,
        reporter,
        hosts: sides.hosts,
        drain: interrupt.drain,
        abort: joinedSignal(interrupt.abort, ledger.lost),
      };
      const result = await work({ ...sides, ledger, context });
      if (ledger.lost.aborted) throw ledger.lost.reason;
      await ledger.runs.finish(result.exitCode, result.counts);
      return result;
    } catch (error) {
      const failure: unknown = ledger.lost.aborted ? ledger.lost.reason : error;
      const { describeFailure } = await import("./describe-failure.ts");
      const { exitCode, code, message } = describeFailure(failure);
      // A ledger that cannot take this either has said so with the failure itself.
      await ledger.runs.finish(exitCode, { error: { code, message } }).catch(() => undefined);
      throw failure;
    } finally {
      await ledger.close();
    }
  });
}

/** Opens the ledger to read, beside whoever writes it. */
export async function withLedgerToRead<T>(
  environment: CommandEnvironment,
  work: (ledger: Ledger, sides: Sides) => Promise<T>,
): Promise<T> {
  return withSides(environment, async (sides) => {
    const { openLedger } = await import("@bucketferry/ledger");
    const ledger = await openLedger({
      path: ledgerPath(sides.config),
      routes: sides.routes,
      mode: "read",
      command: environment.command,
      version: VERSION,
    });
    try {
      return await work(ledger, sides);
    } finally {
      await ledger.close();
    }
  });
}
