import { isIP, connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** Memory of one connection that what arrives is read into, again and again. */
const READ_BYTES = 64 * 1024;

export interface Origin {
  readonly protocol: "http:" | "https:";
  /** Without brackets. */
  readonly hostname: string;
  readonly port: number;
}

export interface SocketEvents {
  /** The connection stands, with TLS where the origin wants it. */
  onOpen(): void;
  /** Valid during the call only. */
  onBytes(bytes: Uint8Array): void;
  /** The other side sends no more. */
  onEnd(): void;
  /** Told once or several times; undefined: the connection is closed, and nobody said why. */
  onGone(error: Error | undefined): void;
}

/** What lets the next connection to an origin begin with less (RFC 8446 §2.2). */
export interface TlsSessions {
  tlsSession: Buffer | undefined;
}

/** Opens a connection that reads without making a buffer for each piece. Certificates are judged as Node is told to. */
export function openSocket(origin: Origin, sessions: TlsSessions, events: SocketEvents): Socket {
  const { protocol, hostname, port } = origin;
  const onread = {
    buffer: new Uint8Array(READ_BYTES),
    callback: (count: number, buffer: Uint8Array): boolean => {
      events.onBytes(buffer.subarray(0, count));
      return true;
    },
  };
  const common = { host: hostname, port, noDelay: true, keepAlive: true, onread };
  const isTls = protocol === "https:";
  const { tlsSession } = sessions;
  const socket = isTls
    ? connectTls({
        ...common,
        ALPNProtocols: ["http/1.1"],
        // An address is no name that could be asked for (RFC 6066 §3).
        ...(isIP(hostname) === 0 && { servername: hostname }),
        ...(tlsSession !== undefined && { session: tlsSession }),
      })
    : connectTcp(common);
  socket.on("session", (next: Buffer) => {
    sessions.tlsSession = next;
  });
  socket.on(isTls ? "secureConnect" : "connect", () => events.onOpen());
  socket.on("end", () => events.onEnd());
  socket.on("error", (error) => events.onGone(error));
  socket.on("close", () => events.onGone(undefined));
  return socket;
}
