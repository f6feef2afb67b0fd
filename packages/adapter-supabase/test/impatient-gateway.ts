import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listening, passedBack, passedOn } from "./pass-on.ts";

export interface ImpatientGateway {
  readonly url: string;
  /** How many questions were answered while the upload was being finished. */
  asked(): number;
  close(): Promise<void>;
}

/**
 * Stands before a project whose service takes longer to finish an upload than the gateway waits: the last piece is answered 524, and
 * while the service is at work on it, for as many questions as `questions`, it says that the upload is locked.
 */
export async function impatientGateway(
  target: string,
  { lengthBytes, questions }: { readonly lengthBytes: number; readonly questions: number },
): Promise<ImpatientGateway> {
  let finish: (() => Promise<unknown>) | undefined;
  let asked = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    const body = Buffer.concat(chunks);
    const pass = (): Promise<Response> =>
      fetch(target + url, { method, headers: passedOn(headers), ...(body.length === 0 ? {} : { body }) });
    const isLast = method === "PATCH" && Number(headers["upload-offset"]) + body.length === lengthBytes;
    if (isLast && asked === 0) {
      finish = pass;
      response.writeHead(524).end();
    } else if (finish !== undefined && url.includes("/upload/resumable/")) {
      asked += 1;
      response.writeHead(423).end();
      if (asked === questions) {
        await finish();
        finish = undefined;
      }
    } else {
      const passed = await pass();
      response
        .writeHead(passed.status, Object.fromEntries(passedBack(passed.headers)))
        .end(Buffer.from(await passed.arrayBuffer()));
    }
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  return { ...(await listening(server)), asked: () => asked };
}
