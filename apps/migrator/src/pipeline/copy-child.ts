import { loadConfig } from "@bucketferry/config";
import { objectWriter, type ObjectRecord } from "@bucketferry/ledger";
import { EXIT } from "../exit-codes.ts";
import { logsUpTo } from "../report/log.ts";
import { logCalls } from "../report/log-call.ts";
import { hostLimitsOf, openSides } from "../sides.ts";
import { packFailure } from "./child-failure.ts";
import type { ChildCall, ChildTask, FromChild, Shard, ToChild } from "./child-messages.ts";
import { copyMemory } from "./copy-memory.ts";
import { copyObjects } from "./copy-objects.ts";
import { throttle, type Throttle } from "./throttle.ts";

/** Changes of one message. */
const BATCH_OBJECTS = 100;

/*
 * The program of a child process: the same copier as in-process, with messages to its parent in the place of the ledger. It ends
 * with its parent: without somebody who records what it does, every further request would be for nothing.
 */
const drain = new AbortController();
const abort = new AbortController();
const answers = new Map<number, (value: unknown) => void>();
let calls = 0;
let pace: Throttle | undefined;
let hold = (_host: string, _forMs: number): void => undefined;

process.once("disconnect", () => process.exit(EXIT.unexpected));
// A terminal sends these to all processes; what they mean is the parent's to say.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

process.on("message", (message: ToChild) => {
  switch (message.type) {
    case "begin":
      void work(message);
      return;
    case "pace":
      return pace?.setPace(message.pace);
    case "hold":
      return hold(message.host, message.forMs);
    case "drain":
      return drain.abort(new DOMException("Interrupted.", "AbortError"));
    case "abort":
      drain.abort(new DOMException("Interrupted.", "AbortError"));
      return abort.abort(new DOMException("Interrupted.", "AbortError"));
    case "answer":
      answers.get(message.id)?.(message.value);
      answers.delete(message.id);
  }
});

async function work({
  configFile,
  logLevel,
  pace: first,
  processes,
  partSizeBytes,
  patienceMs,
  policy,
  serverSide,
}: ChildTask): Promise<void> {
  try {
    const config = await loadConfig(configFile);
    const hosts = hostLimitsOf(config);
    hosts.onHold((host, forMs) => say({ type: "hold", host, forMs }));
    hold = (host, forMs) => hosts.hold(host, forMs);
    pace = throttle(hosts, first);
    const log = logsUpTo(logLevel, (level, message) => say({ type: "log", level, message }));
    const routes = openSides(config, { hosts, onCall: logCalls({ log }) });
    const writer = objectWriter(async (changes) => void (await ask({ method: "record", changes })), {
      batchSize: BATCH_OBJECTS,
    });
    await copyObjects(objects(), {
      ...copyMemory(processes),
      routes,
      record: (change) => writer.add(change),
      uploads: {
        start: async (...args) => void (await ask({ method: "start", args })),
        addPart: async (...args) => void (await ask({ method: "addPart", args })),
        find: async (...args) => (await ask({ method: "find", args })) as never,
        forget: async (...args) => void (await ask({ method: "forget", args })),
      },
      note: (what) => say({ type: "note", what }),
      reporter: { event: (event) => say({ type: "event", event }), log },
      throttle: pace,
      drain: drain.signal,
      signal: abort.signal,
      partSizeBytes,
      patienceMs,
      policy,
      serverSide,
    });
    await writer.end();
    end({ type: "done" });
  } catch (error) {
    end({ type: "failed", failure: packFailure(error) });
  }
}

async function* objects(): AsyncGenerator<ObjectRecord> {
  for (;;) {
    const shard = (await ask({ method: "shard" })) as Shard | undefined;
    if (shard === undefined) return;
    yield* shard;
  }
}

function say(message: FromChild): void {
  // Whoever cannot be told has gone, and `disconnect` ends this process.
  process.send?.(message, undefined, undefined, () => undefined);
}

function ask(call: ChildCall): Promise<unknown> {
  const id = ++calls;
  return new Promise((resolve) => {
    answers.set(id, resolve);
    say({ type: "call", id, ...call });
  });
}

/** Sockets that are kept alive would hold the process; the last message has to leave first. */
function end(message: FromChild): void {
  process.send?.(message, undefined, undefined, () => process.exit(EXIT.done));
}
