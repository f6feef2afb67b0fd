import { Pool, type Dispatcher } from "undici";
import { sigV4, UNSIGNED_PAYLOAD } from "../../packages/adapter-s3/src/sigv4.ts";
import { canonicalQuery, encodeKeyPath } from "../../packages/adapter-s3/src/uri-encoding.ts";
import type { Service } from "../services/service.ts";

/**
 * The least that speaks S3: a signature over an unsigned payload and undici's pool. No hash, no retry, no checks. What it
 * takes is the limit for any client in this language.
 */
export interface RawS3 {
  request(method: Dispatcher.HttpMethod, path: string, options?: RawOptions): Promise<Dispatcher.ResponseData>;
  /** All keys and sizes, a page of a thousand at a time. */
  list(bucket: string): AsyncGenerator<RawEntry>;
  close(): Promise<void>;
}

export interface RawOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Dispatcher.DispatchOptions["body"];
}

export interface RawEntry {
  readonly key: string;
  readonly size: number;
}

const SUCCESS = 300;

export function rawS3(service: Service, connections: number): RawS3 {
  const pool = new Pool(service.endpoint, { connections, pipelining: 1 });
  const signer = sigV4(service.region);
  const { host } = new URL(service.endpoint);

  async function request(
    method: Dispatcher.HttpMethod,
    path: string,
    { query = {}, headers = {}, body = null }: RawOptions = {},
  ): Promise<Dispatcher.ResponseData> {
    const text = canonicalQuery(query);
    const answer = await pool.request({
      method,
      path: text === "" ? path : `${path}?${text}`,
      headers: signer.sign(
        { method, path, query: text, headers: { host, ...headers } },
        UNSIGNED_PAYLOAD,
        service.credentials,
        Date.now(),
      ),
      body,
    });
    if (answer.statusCode < SUCCESS) return answer;
    throw new Error(`${method} ${path}?${text} was answered with ${answer.statusCode}: ${await answer.body.text()}`);
  }

  return {
    request,
    async *list(bucket) {
      let token = "";
      do {
        const query = { "list-type": "2", ...(token === "" ? {} : { "continuation-token": token }) };
        const page = await (await request("GET", `/${bucket}`, { query })).body.text();
        for (const [, key = "", size] of page.matchAll(/<Contents>.*?<Key>(.*?)<\/Key>.*?<Size>(\d+)<\/Size>/gs)) {
          yield { key, size: Number(size) };
        }
        token = /<NextContinuationToken>(.*?)</.exec(page)?.[1] ?? "";
      } while (token !== "");
    },
    close: () => pool.close(),
  };
}

/** The path of an object in path style. */
export function objectPath(bucket: string, key: string): string {
  return `/${bucket}/${encodeKeyPath(key)}`;
}

/** So many at once of what there is to do, and never more. */
export async function atOnce<Item>(
  limit: number,
  items: AsyncIterable<Item> | Iterable<Item>,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: limit }, worker));
}
