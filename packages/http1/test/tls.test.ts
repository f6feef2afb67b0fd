import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, it } from "vitest";
import { http1Pool, type Http1Pool } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "bucketferry-tls-"));
const trusted = getCACertificates();
const server = createServer();
const seen: { readonly reused: boolean; readonly name: string | false | null }[] = [];
let certificate = "";

beforeAll(async () => {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const wanted = [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    ...subject,
    "-keyout",
    key,
    "-out",
    cert,
  ];
  execFileSync("openssl", wanted, { stdio: "pipe" });
  certificate = readFileSync(cert, "utf8");
  server.setSecureContext({ key: readFileSync(key), cert: certificate });
  server.on("request", (request, response) => {
    const socket = request.socket as TLSSocket & { servername?: string | false | null };
    seen.push({ reused: socket.isSessionReused(), name: socket.servername ?? null });
    response.setHeader("connection", "close").end("over TLS");
  });
  server.listen(0);
  await once(server, "listening");
});

afterAll(() => {
  setDefaultCACertificates(trusted);
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

function poolTo(host: string): Http1Pool {
  return http1Pool(`https://${host}:${(server.address() as AddressInfo).port}`, {
    connections: 2,
    connectTimeoutMs: 10_000,
    headersTimeoutMs: 10_000,
    bodyTimeoutMs: 10_000,
  });
}

const request = { method: "GET", target: "/", headers: { host: "localhost" } };

it("a certificate that nobody vouches for ends the connection before anything is sent", async () => {
  setDefaultCACertificates(trusted);
  const pool = poolTo("localhost");
  await expect(pool.send(request)).rejects.toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  pool.close();
  expect(seen).toEqual([]);
});

it("speaks TLS with the name of the host, and begins the next connection with less", async () => {
  setDefaultCACertificates([...trusted, certificate]);
  const pool = poolTo("localhost");
  for (let i = 0; i < 2; i++) {
    const { body } = await pool.send(request);
    expect(Buffer.from(await body.bytes()).toString()).toBe("over TLS");
  }
  pool.close();
  expect(seen).toEqual([
    { reused: false, name: "localhost" },
    { reused: true, name: "localhost" },
  ]);
});

it("a certificate of another name ends the connection", async () => {
  setDefaultCACertificates([...trusted, certificate]);
  const pool = poolTo("127.0.0.1");
  await expect(pool.send(request)).rejects.toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  pool.close();
});
