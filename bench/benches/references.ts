/**
 * The rewriter beside what plain SQL does with the same rows. Times are CPU seconds of the server's processes and ours together:
 * a query that the server spreads over helpers is not faster by them, and a busy machine tells nothing about the rest. What a clock says is
 * told beside it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { postgres } from "@bucketferry/local-servers";
import pg from "pg";
import type { LookUpStates, References } from "../../apps/migrator/src/references/contract.ts";
import { openReferences } from "../../apps/migrator/src/references/open-references.ts";
import { classroomRoutes, OLD } from "../../apps/migrator/test/references/routes.ts";
import type { Bench, BenchContext, BenchResult } from "../bench.ts";
import { median } from "../measure/summary.ts";
import { figure } from "../report/goals.ts";
import { table } from "../report/table.ts";

const ROWS = 1_000_000;
const MOST_REWRITTEN = 100_000;
/** As the rewriter has it: rows of one transaction. */
const BATCH = 500;
const HOST = new URL(OLD).host;
const MUST_REACH = 0.5;
/** Rows of which one has a reference: the first is what an app's tables look like, the others show what references cost. */
const SHARES = [1000, 100, 10];
/** Clock ticks of /proc: fixed for programs on Linux (man 5 proc_pid_stat). */
const TICKS_PER_SECOND = 100;

interface Stage {
  readonly client: pg.Client;
  readonly references: References;
  readonly context: BenchContext;
  /** What the server and this process have spent so far. */
  readonly spent: () => Spent;
}

interface Spent {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

interface Contest {
  readonly what: string;
  readonly rows: number;
  readonly ours: readonly Spent[];
  readonly theirs: readonly Spent[];
  readonly must: boolean;
}

export const references: Bench = {
  what: "scan and rewrite of references in Postgres, beside LIKE and UPDATE … replace()",
  async *run(context) {
    const server = await postgres();
    if (server === undefined) return;
    const url = await server.createDatabase();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const routes = await classroomRoutes();
    const opened = await openReferences({
      database: { kind: "postgres", url },
      routes,
      rewriteTo: { to: "public" },
      exclude: ["plain.*"],
    });
    let mostMemoryMiB = 0;
    const watch = setInterval(() => {
      mostMemoryMiB = Math.max(mostMemoryMiB, process.memoryUsage.rss() / 2 ** 20);
    }, 50);
    try {
      const { rows } = await client.query<{ pid: string }>(
        "select split_part(pg_read_file('postmaster.pid'), chr(10), 1) as pid",
      );
      const pid = Number(rows[0]?.pid);
      const stage: Stage = {
        client,
        references: opened,
        context,
        spent: () => ({ cpuSeconds: cpuSecondsOf(pid), wallSeconds: performance.now() / 1000 }),
      };
      const contests = [...(await scans(stage)), await rewrite(stage)];
      yield resultOf(contests, mostMemoryMiB);
    } finally {
      clearInterval(watch);
      await opened.close();
      await Promise.all(routes.map((route) => route.close()));
      await client.end();
      await server.close();
    }
  },
};

async function scans({ client, references: opened, context, spent }: Stage): Promise<Contest[]> {
  const rows = context.objects ?? ROWS;
  const contests: Contest[] = [];
  for (const every of SHARES) {
    const name = `posts_${every}`;
    await fill(client, name, rows, every);
    const ours: Spent[] = [];
    const theirs: Spent[] = [];
    for (let round = 1; round <= context.rounds; round += 1) {
      const start = spent();
      await client.query(`select count(*) from ${name} where title like '%${HOST}%' or body like '%${HOST}%'`);
      const middle = spent();
      const { references: found } = await opened.scan({ signal: never, table: name, onEvent: () => {} });
      ours.push(between(middle, spent()));
      theirs.push(between(start, middle));
      if (found !== Math.floor(rows / every)) throw new Error(`scan found ${found} references, which is wrong`);
      context.progress(
        `round ${round}, scan of 1 in ${every}: ${ours.at(-1)?.cpuSeconds.toFixed(1)} s, LIKE ${theirs.at(-1)?.cpuSeconds.toFixed(1)} s`,
      );
    }
    await client.query(`drop table ${name}`);
    contests.push({ what: `scan, a reference in 1 of ${figure(every)} rows`, rows, ours, theirs, must: every >= 100 });
  }
  return contests;
}

async function rewrite({ client, references: opened, context, spent }: Stage): Promise<Contest> {
  const rows = Math.min(MOST_REWRITTEN, context.objects ?? ROWS);
  const ours: Spent[] = [];
  const theirs: Spent[] = [];
  for (let round = 1; round <= context.rounds; round += 1) {
    await client.query("drop table if exists ours, plain, bucketferry_url_journal");
    await fill(client, "ours", rows, 1);
    await fill(client, "plain", rows, 1);
    const start = spent();
    for (let from = 0; from < rows; from += BATCH) {
      await client.query(`update plain set body = replace(body, $1, $2) where n > $3 and n <= $4 and body like $5`, [
        `${OLD}/lecture-audio`,
        "https://cdn.example.com/audio",
        from,
        from + BATCH,
        `%${HOST}%`,
      ]);
    }
    const middle = spent();
    const done = await opened.rewrite({
      apply: true,
      states: verified,
      signal: never,
      table: "ours",
      onEvent: () => {},
    });
    ours.push(between(middle, spent()));
    theirs.push(between(start, middle));
    if (done.cellsRewritten !== rows) throw new Error(`rewrote ${done.cellsRewritten} cells, which is wrong`);
    context.progress(
      `round ${round}, rewrite: ${ours.at(-1)?.cpuSeconds.toFixed(1)} s, UPDATE ${theirs.at(-1)?.cpuSeconds.toFixed(1)} s`,
    );
  }
  return { what: "rewrite, with its journal", rows, ours, theirs, must: true };
}

function between(start: Spent, end: Spent): Spent {
  return { cpuSeconds: end.cpuSeconds - start.cpuSeconds, wallSeconds: end.wallSeconds - start.wallSeconds };
}

const never = new AbortController().signal;
const verified: LookUpStates = async (_route, keys) =>
  new Map(keys.map((key) => [key, { state: "verified", targetKey: key }]));

/** Posts of some hundred characters; one in `every` has a reference, all of them have URLs of somebody else. */
async function fill(client: pg.Client, name: string, count: number, every: number): Promise<void> {
  await client.query(
    `create table ${name} (id uuid primary key default gen_random_uuid(), n int, title text, body text)`,
  );
  await client.query(
    `insert into ${name} (n, title, body)
    select i, 'Lecture ' || i, repeat('Some ordinary text of a post, see https://example.org/x/' || i || ' for more. ', 3)
      || case when i % $2 = 0 then $3 || '/lecture-audio/l/' || i || '.m4a' else '' end
    from generate_series(1, $1::int) i`,
    [count, every, OLD],
  );
  // What the plain update finds its batches by.
  await client.query(`create index on ${name} (n)`);
  await client.query(`vacuum analyze ${name}`);
}

/** Of the server with all processes that it has and had, and of this one. */
function cpuSecondsOf(postmaster: number): number {
  const { user, system } = process.cpuUsage();
  let ticks = 0;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = statOf(entry);
    const isServer = Number(entry) === postmaster;
    if (!isServer && Number(fields[1]) !== postmaster) continue;
    ticks += Number(fields[11]) + Number(fields[12]);
    if (isServer) ticks += Number(fields[13]) + Number(fields[14]);
  }
  return (user + system) / 1e6 + ticks / TICKS_PER_SECOND;
}

/** The fields behind the name, which may hold anything: state, parent … Empty when the process has just ended. */
function statOf(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

function resultOf(contests: readonly Contest[], memoryMiB: number): BenchResult {
  const rows = contests.map(({ what, rows: count, ours, theirs, must }) => {
    const [own, other] = [ours, theirs].map((all) => median(all.map(({ cpuSeconds }) => cpuSeconds))) as [
      number,
      number,
    ];
    const [ownWall, otherWall] = [ours, theirs].map((all) => median(all.map(({ wallSeconds }) => wallSeconds))) as [
      number,
      number,
    ];
    return { what, ours: count / own, sql: count / other, ratio: other / own, byTheClock: otherWall / ownWall, must };
  });
  return {
    title: "References in Postgres",
    table: table(
      ["", "our rows per CPU second", "plain SQL's", "ratio", "ratio by the clock"],
      rows.map(({ what, ours, sql, ratio, byTheClock }) => [
        what,
        figure(ours),
        figure(sql),
        ratio.toFixed(2),
        byTheClock.toFixed(2),
      ]),
    ),
    goals: [
      ...rows
        .filter(({ must }) => must)
        .map(({ what, ratio }) => ({
          what: `${what}: speed beside plain SQL`,
          value: ratio,
          must: "at least" as const,
          target: MUST_REACH,
          unit: "",
        })),
      { what: "memory at most", value: memoryMiB, must: "at most" as const, target: 200, unit: "MiB" },
    ],
    data: contests,
  };
}
