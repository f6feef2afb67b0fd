import { fork, type ChildProcess } from "node:child_process";
import { extname, join } from "node:path";
import type { ObjectRecord } from "@bucketferry/ledger";
import { CommandError } from "../command-error.ts";
import { EXIT } from "../exit-codes.ts";
import { unpackFailure } from "./child-failure.ts";
import type { ChildCall, FromChild, ToChild } from "./child-messages.ts";
import type { CopyRun } from "./copy-run.ts";
import { followSchedule } from "./follow-schedule.ts";
import { heldObjects, type HeldObjects } from "./held-objects.ts";
import { shareOf } from "./share-pace.ts";
import { shardQueue, type ShardQueue } from "./shard-queue.ts";
import { tellPace } from "./tell-pace.ts";
import type { Pace } from "./throttle.ts";

/** Beside this file, and of its kind: a source when run from sources, compiled when it is compiled. */
const CHILD = join(import.meta.dirname, `copy-child${extname(import.meta.filename)}`);

/** So many may be killed for each process of the crew; one more is no accident. */
const DEATHS_PER_CHILD = 2;
/** A child that was told to end at once and does not. */
const END_MS = 10_000;

/**
 * Copies in child processes, which take shards of objects from this one's queue and say what became of them; only this process
 * writes the ledger. A child that is killed loses nothing: another one is started in its place and gets its objects.
 */
export async function copyWithChildren(objects: AsyncIterable<ObjectRecord>, run: CopyRun): Promise<void> {
  const { context, options, signal } = run;
  const count = Math.min(options.processes?.count ?? 1, options.concurrency);
  const usual: Pace = {
    concurrency: options.concurrency,
    bandwidthBytesPerSecond: options.bandwidthLimitBytesPerSecond,
  };
  const stop = new AbortController();
  const queue = shardQueue(objects, AbortSignal.any([context.drain, signal, stop.signal]));
  const children = new Set<ChildProcess>();
  let deathsLeft = count * DEATHS_PER_CHILD;
  let pace = usual;

  const tellAll = (message: ToChild): void => {
    for (const child of children) tell(child, message);
  };
  /** Each process gets its share of the pace; what one that ends leaves goes to the others. */
  const share = (): void => {
    [...children].forEach((child, index) => {
      tell(child, { type: "pace", pace: shareOf(pace, children.size, index) });
    });
  };
  const onDrain = (): void => tellAll({ type: "drain" });
  const onAbort = (): void => {
    tellAll({ type: "abort" });
    setTimeout(() => {
      for (const child of children) child.kill("SIGKILL");
    }, END_MS).unref();
  };
  const ends = AbortSignal.any([signal, stop.signal]);
  context.drain.addEventListener("abort", onDrain);
  ends.addEventListener("abort", onAbort);
  const stopSchedule =
    options.schedule &&
    followSchedule({
      schedule: options.schedule,
      usual,
      onPace: (next, scheduled) => {
        pace = next;
        share();
        tellPace(context.reporter, scheduled);
      },
    });

  /** One process after the other in one place of the crew, until one of them finds nothing left to do. */
  const keepGoing = async (index: number): Promise<void> => {
    for (;;) {
      const held = heldObjects();
      const child = fork(CHILD, { serialization: "advanced", stdio: ["ignore", "ignore", "inherit", "ipc"] });
      children.add(child);
      const ended = lifeOf(child, { run, queue, held, tellOthers: (message) => tellOthers(child, message) });
      tell(child, {
        type: "begin",
        configFile: options.processes?.configFile ?? "",
        logLevel: context.reporter.logLevel,
        pace: shareOf(pace, count, index),
        processes: count,
        partSizeBytes: options.partSizeBytes,
        patienceMs: options.patienceMs,
        policy: { metadata: options.metadata, contentType: options.contentType },
        serverSide: options.serverSide,
      });
      if (context.drain.aborted) tell(child, { type: "drain" });
      if (ends.aborted) tell(child, { type: "abort" });
      const end = await ended.finally(() => {
        children.delete(child);
        share();
      });
      if (end === "done" || context.drain.aborted || ends.aborted) return;
      queue.giveBack(held.left());
      if (--deathsLeft < 0) {
        throw new CommandError(
          EXIT.unexpected,
          "ChildEnded",
          `Copying processes end again and again before their work is done (the last one by ${end}).`,
          {
            hint: "Look for what ends them, such as too little memory; fewer --processes need less. Run the command again: it goes on where it stopped.",
          },
        );
      }
      context.reporter.event({
        type: "warning",
        code: "ChildEnded",
        message: `A copying process ended by ${end}; another one goes on with its ${held.left().length} objects.`,
      });
    }
  };
  const tellOthers = (from: ChildProcess, message: ToChild): void => {
    for (const child of children) if (child !== from) tell(child, message);
  };

  try {
    const places = Array.from({ length: count }, async (_, index) => {
      try {
        await keepGoing(index);
      } catch (error) {
        // The first trouble ends the others, and is what the run fails with.
        if (!stop.signal.aborted) stop.abort(error);
      }
    });
    await Promise.all(places);
    if (stop.signal.aborted) throw stop.signal.reason;
  } finally {
    context.drain.removeEventListener("abort", onDrain);
    ends.removeEventListener("abort", onAbort);
    stopSchedule?.();
    await queue.close();
  }
}

interface LifeOptions {
  readonly run: CopyRun;
  readonly queue: ShardQueue;
  readonly held: HeldObjects;
  readonly tellOthers: (message: ToChild) => void;
}

/**
 * Serves one child until it has ended and everything that it said was heard. Resolves with `done`, or with what ended it.
 * Rejects with its failure, and with that of the ledger.
 */
async function lifeOf(child: ChildProcess, { run, queue, held, tellOthers }: LifeOptions): Promise<string> {
  const { context, record, note } = run;
  const { promise: over, resolve: end, reject: fail } = Promise.withResolvers<string>();
  let isDone = false;
  let failure: Error | undefined;

  const answer = async (call: ChildCall): Promise<unknown> => {
    switch (call.method) {
      case "shard": {
        const shard = await queue.next();
        if (shard !== undefined) held.give(shard);
        return shard;
      }
      case "record":
        for (const change of call.changes) await record(change);
        held.settle(call.changes);
        return undefined;
      case "start":
        return context.ledger.uploads.start(...call.args);
      case "addPart":
        return context.ledger.uploads.addPart(...call.args);
      case "find":
        return context.ledger.uploads.find(...call.args);
      case "forget":
        return context.ledger.uploads.forget(...call.args);
    }
  };

  const calls = new Set<Promise<void>>();
  const serve = async (id: number, call: ChildCall): Promise<void> => {
    try {
      tell(child, { type: "answer", id, value: await answer(call) });
    } catch (error) {
      // The ledger's trouble is the run's, whoever met it first.
      failure ??= error instanceof Error ? error : new Error(String(error));
      child.kill("SIGKILL");
    }
  };

  child.on("message", (message: FromChild) => {
    switch (message.type) {
      case "call": {
        const served = serve(message.id, message);
        calls.add(served);
        void served.finally(() => calls.delete(served));
        return;
      }
      case "note":
        return note(message.what);
      case "event":
        return context.reporter.event(message.event);
      case "log":
        return context.reporter.log(message.level, message.message);
      case "hold":
        context.hosts?.hold(message.host, message.forMs);
        return tellOthers({ type: "hold", host: message.host, forMs: message.forMs });
      case "done":
        isDone = true;
        return;
      case "failed":
        failure ??= unpackFailure(message.failure, context.routes);
    }
  });
  child.once("error", fail);
  // Messages that were sent before the end come before the channel closes.
  const closed = new Promise<void>((resolve) => child.once("disconnect", resolve));
  child.once("exit", (code, signal) => {
    void (child.connected ? closed : Promise.resolve())
      .then(() => Promise.all(calls))
      .then(() => (failure === undefined ? end(isDone ? "done" : (signal ?? `exit code ${code}`)) : fail(failure)));
  });
  return over;
}

/** A child that has gone needs no message any more; that it has gone is told by its end. */
function tell(child: ChildProcess, message: ToChild): void {
  if (child.connected) child.send(message, () => undefined);
}
