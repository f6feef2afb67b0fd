/** Keys that one file system, or one user, would take for the same: they differ in case or in Unicode form only (S5). */
export interface KeyTwins {
  add(key: string): void;
  /**
   * Every group of twins, with at least two keys. `present` answers which of some keys exist: a key that is its own plain
   * form was never stored here.
   */
  groups(present: (keys: readonly string[]) => Promise<ReadonlySet<string>>): AsyncIterable<readonly string[]>;
  close(): void;
}

const PLAIN_FORMS_AT_ONCE = 500;

/**
 * Only keys that are not their own plain form are stored, in a temporary file: a group of twins has at most one member that
 * is. So lower-case keys, the usual ones, cost nothing.
 */
export async function keyTwins(): Promise<KeyTwins> {
  const { default: Database } = await import("better-sqlite3");
  const db = new Database("");
  db.pragma("journal_mode = off");
  db.exec("create table odd (plain text, key text, primary key (plain, key)) without rowid");
  const insert = db.prepare("insert or ignore into odd values (?, ?)");
  const nextForms = db
    .prepare<[string, number], string>("select distinct plain from odd where plain > ? order by plain limit ?")
    .pluck();
  const keysOf = db.prepare<[string], string>("select key from odd where plain = ? order by key").pluck();
  db.exec("begin");

  return {
    add(key) {
      const plain = plainForm(key);
      if (plain !== key) insert.run(plain, key);
    },
    async *groups(present) {
      let after = "";
      for (;;) {
        const forms = nextForms.all(after, PLAIN_FORMS_AT_ONCE);
        const existing = await present(forms);
        for (const form of forms) {
          const keys = keysOf.all(form);
          if (existing.has(form)) keys.push(form);
          if (keys.length > 1) yield keys;
        }
        if (forms.length < PLAIN_FORMS_AT_ONCE) return;
        after = forms.at(-1) ?? after;
      }
    },
    close: () => {
      db.close();
    },
  };
}

/** ASCII without capitals: most keys, and seen in a fraction of the time that normalising takes. */
// eslint-disable-next-line no-control-regex
const PLAIN = /^[\u0000-@[-\u007f]*$/;

/** What a case-insensitive, normalising file system makes of a name. */
export function plainForm(key: string): string {
  if (PLAIN.test(key)) return key;
  return key.normalize("NFC").toLowerCase();
}
