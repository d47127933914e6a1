/**
 * Where the time of reads goes, milliseconds. Summed over tiles that are worked on at the same time, so a sum may
 * exceed the time that passed. A tile that several reads wait for counts once.
 */
export interface ReadTimes {
  /** Until a tile's bytes are there. */
  readMs: number;
  decodeMs: number;
  /** Resampling to the size that was asked for. */
  preprocessMs: number;
}
