/** An S3 service that benchmarks run against. */
export interface Service {
  /** As it is shown. */
  readonly name: string;
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Of `@bucketferry/adapter-s3`: which departures from AWS to expect. */
  readonly profile: string;
  /** Our own, which is fast enough not to be the limit. */
  readonly isLocal: boolean;
}

export interface RunningService extends Service {
  close(): Promise<void>;
}
