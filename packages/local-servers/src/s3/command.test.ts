import { expect, it } from "vitest";
import { s3Options, startS3 } from "./command.ts";

it("reads a command line", () => {
  const words = "--port 9000 --directory d --durable --region eu-west-1 --profile r2 --public a/x/ --public b/".split(
    " ",
  );
  expect(s3Options(words)).toMatchObject({
    port: 9000,
    directory: "d",
    durable: true,
    region: "eu-west-1",
    profile: "r2",
    publicPrefixes: ["a/x/", "b/"],
  });
  expect(s3Options(["--short-pages"])).toMatchObject({ shortPages: true });
  expect(s3Options([]).onRequest).toBeUndefined();
  expect(s3Options(["--log"]).onRequest).toBeTypeOf("function");
});

it.each([
  [["--port", "x"], "--port is"],
  [["--port", "70000"], "--port is"],
  [["--profile", "toString"], "--profile is"],
  [["--nope"], "--nope"],
])("names the word at fault in %s", (words, message) => {
  expect(() => s3Options(words)).toThrow(message);
});

it("starts a server and says how to reach it", async () => {
  const { server, settings } = await startS3([]);
  expect(settings).toEqual({
    AWS_ENDPOINT_URL_S3: server.url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
  });
  await server.close();
});
