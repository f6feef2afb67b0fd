import pg from "pg";

/** `transaction`: the connection behind ours may be another one in every transaction. */
export type Pooler = "none" | "session" | "transaction";

/**
 * Whether something stands between us and the server. A pooler gives out process numbers of its own, so the one of the
 * handshake is not the one that the server tells; and where a second client gets the connection that the first has just
 * used, it lends them for a transaction only.
 */
export async function poolerBetween(url: string): Promise<Pooler> {
  const first = new pg.Client({ connectionString: url });
  const second = new pg.Client({ connectionString: url });
  // Whatever ends them is told by the query that was under way.
  first.on("error", () => {});
  second.on("error", () => {});
  try {
    await first.connect();
    const behindFirst = await backendOf(first);
    if (behindFirst === processIdOf(first)) return "none";
    await second.connect();
    return (await backendOf(second)) === behindFirst ? "transaction" : "session";
  } finally {
    await Promise.allSettled([first.end(), second.end()]);
  }
}

async function backendOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>("select pg_catalog.pg_backend_pid() as pid");
  return rows[0]?.pid;
}

/** From the handshake (BackendKeyData); the types of the library leave it out. */
function processIdOf(client: pg.Client): number | undefined {
  return (client as { readonly processID?: number }).processID;
}
