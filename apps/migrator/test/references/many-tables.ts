import type { AppDatabase } from "./engines.ts";
import { AUDIO } from "./harness.ts";

/** A large app: many tables of all kinds of columns, with triggers and row-level security. */
export interface ManyTables {
  readonly rows: number;
  /** References that a scan has to find, and cells that a rewrite has to write. */
  readonly references: number;
  readonly cells: number;
}

/** Of the rows of a table one in so many has references; the others have texts of the same length. */
const EVERY = 10;

/** Columns of every kind that holds text, and how many references each holds where a row has some. `$` is the URL. */
const COLUMNS: readonly (readonly [type: string, value: string, references: number])[] = [
  ["text", "'see $ and $ there'", 2],
  ["varchar(300)", "'$'", 1],
  ["char(200)", "'$'", 1],
  ["citext", "'$'", 1],
  ["json", `'{"z": 1.50,  "a" : "$"}'`, 1],
  ["jsonb", `'{"n": 1.10, "files": ["$", "$"]}'`, 2],
  ["text[]", `array['x', '$', null]`, 1],
  ["hstore", `hstore('cover', '$')`, 1],
  ["xml", `'<a href="$"/>'::xml`, 1],
  ["url", "'$'", 1],
  ["link", `row('title', '$')::link`, 1],
];

/**
 * Makes `tables` tables of `rowsEach` rows. Every fourth is partitioned, every fifth has no key; each has a trigger and a policy.
 * They differ in which three of the columns they have.
 */
export async function makeManyTables(app: AppDatabase, tables: number, rowsEach: number): Promise<ManyTables> {
  for (const extension of ["citext", "hstore"]) await app.run(`create extension if not exists ${extension}`);
  await app.run("create domain url as text check (value like 'http%')");
  await app.run("create type link as (title text, href text)");
  await app.run(
    "create function touch() returns trigger language plpgsql as $$ begin new.touched = new.touched + 1; return new; end $$",
  );
  let references = 0;
  const having = Math.floor(rowsEach / EVERY);
  for (let number = 0; number < tables; number += 1) {
    const own = [0, 1, 2].map(
      (offset) => COLUMNS[(number * 3 + offset) % COLUMNS.length] ?? COLUMNS[0],
    ) as typeof COLUMNS;
    const name = number % 7 === 0 ? `"Table ${number}"` : `table_${number}`;
    const columns = own.map(([type], index) => `c${index} ${type}`).join(", ");
    const isPartitioned = number % 4 === 0;
    const key = number % 5 === 4 ? "" : ", primary key (id)";
    await app.run(
      `create table ${name} (id bigint not null, touched int not null default 0, ${columns}${key})${isPartitioned ? " partition by range (id)" : ""}`,
    );
    if (isPartitioned) {
      const half = Math.ceil(rowsEach / 2);
      await app.run(`create table part_${number}_low partition of ${name} for values from (0) to (${half})`);
      await app.run(`create table part_${number}_high partition of ${name} for values from (${half}) to (maxvalue)`);
    }
    await app.run(insertOf(name, own, rowsEach, `i % ${EVERY} = 0`, `${AUDIO}/t${number}/`));
    await app.run(insertOf(name, own, rowsEach, `i % ${EVERY} <> 0`, `https://elsewhere.example.org/${number}/`));
    await app.run(`create trigger touch before update on ${name} for each row execute function touch()`);
    await app.run(`alter table ${name} enable row level security`);
    await app.run(`create policy own_rows on ${name} using (id > 0)`);
    references += having * own.reduce((sum, [, , count]) => sum + count, 0);
  }
  return { rows: tables * rowsEach, references, cells: tables * having * 3 };
}

/** The URL differs from row to row, so it is put into the value's text before that is read as its type. */
function insertOf(name: string, columns: typeof COLUMNS, rows: number, condition: string, base: string): string {
  const values = columns.map(([type, value]) => {
    const url = `'${base}' || i || '.m4a'`;
    if (value.startsWith("'")) {
      // A literal, maybe with a cast behind it.
      const literal = /^'(.*)'(?:::\w+)?$/.exec(value)?.[1] ?? "";
      return `replace('${literal}', '$', ${url})::${type}`;
    }
    return value.replaceAll("'$'", () => `(${url})`);
  });
  return `insert into ${name} select i, 0, ${values.join(", ")} from generate_series(1, ${rows}) i where ${condition}`;
}
