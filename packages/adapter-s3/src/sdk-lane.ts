import { Readable } from "node:stream";
import type { S3Config } from "./s3-config.ts";
import type { AnswerHeaders, Lane, LaneBody, LaneRequest } from "./s3-lane.ts";
import type { SdkClient } from "./sdk-client.ts";

/**
 * The same requests, signed and sent by the AWS SDK's own signer and HTTP handler. Slower; for services or gateways that
 * get on with nothing else, and as the measure of what our own lane does.
 */
export function sdkLane(config: S3Config, sdk: SdkClient): Lane {
  const [hostname = "", port] = config.address.host.split(/:(?=\d+$)/);

  return {
    async send(request, _credentials, timeMs) {
      const client = await sdk.get();
      const signer = await client.config.signer({
        name: "sigv4",
        signingName: "s3",
        signingRegion: config.region,
        properties: {},
      });
      const signed = await signer.sign(
        {
          method: request.method,
          protocol: config.endpoint.protocol,
          hostname,
          ...(port === undefined ? {} : { port: Number(port) }),
          path: request.path,
          query: Object.fromEntries(new URLSearchParams(request.query)),
          headers: { ...request.headers, "x-amz-content-sha256": request.payloadSha256 },
        },
        { signingDate: new Date(timeMs) },
      );
      const { body, signal, failure } = sendable(request);
      try {
        const { response } = await client.config.requestHandler.handle(
          { ...signed, ...(body === undefined ? {} : { body }) } as Parameters<
            typeof client.config.requestHandler.handle
          >[0],
          { abortSignal: signal, requestTimeout: request.headersTimeoutMs },
        );
        return {
          status: response.statusCode,
          headers: lowerCase(response.headers),
          body: laneBody(response.body as Readable),
        };
      } catch (error) {
        throw failure() ?? error;
      }
    },
    async close() {
      sdk.close();
    },
  };
}

/** The SDK pipes a stream and looks away: an error in it must end the request by the signal, and be told as what it is. */
function sendable({ body, signal }: LaneRequest): {
  readonly body: Uint8Array | Readable | undefined;
  readonly signal: AbortSignal;
  readonly failure: () => unknown;
} {
  const broken = new AbortController();
  const ends = signal === undefined ? broken.signal : AbortSignal.any([signal, broken.signal]);
  if (body === undefined || body instanceof Uint8Array) return { body, signal: ends, failure: () => undefined };
  let failure: unknown;
  const stream = Readable.from(body, { objectMode: false });
  stream.on("error", (error) => {
    failure = error;
    broken.abort(error);
  });
  return { body: stream, signal: ends, failure: () => failure };
}

function lowerCase(headers: Readonly<Record<string, string>>): AnswerHeaders {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function laneBody(body: Readable): LaneBody {
  body.on("error", () => undefined);
  return {
    [Symbol.asyncIterator]: () => body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>,
    async bytes() {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk as Uint8Array);
      return Buffer.concat(chunks);
    },
    async discard() {
      body.destroy();
    },
  };
}
