/**
 * Where reading spends its time, in milliseconds. Summed over tiles processed in parallel, so a sum may
 * exceed the elapsed time. A tile that several reads wait for counts once.
 */
export interface ReadTimes {
  /** Fetching the tiles' bytes. */
  readMs: number;
  decodeMs: number;
  /** Resampling to the requested size. */
  preprocessMs: number;
}
