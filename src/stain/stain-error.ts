/** What is wrong with stains or thresholds that somebody chose or that were estimated. */

export type StainErrorCode =
  /** A vector that no stain has: negative, zero or not finite. */
  | 'vector'
  /** Two stains of (almost) the same colour can't be told apart. */
  | 'parallel'
  /** Thresholds that don't rise, or lie outside of what can be measured. */
  | 'thresholds'
  /** Glass that is no light background. */
  | 'white-level'
  /** Too little stained tissue to estimate from. */
  | 'too-few-pixels';

/** An error that the user can act on: what is wrong, and what to do. */
export class StainError extends Error {
  override readonly name = 'StainError';
  readonly code: StainErrorCode;
  /** None is to blame. */
  readonly file = '';
  /** What is wrong, a sentence. */
  readonly problem: string;
  /** What to do about it, a sentence. */
  readonly remedy: string;

  constructor(code: StainErrorCode, problem: string, remedy: string) {
    super(`${problem} ${remedy}`);
    this.code = code;
    this.problem = problem;
    this.remedy = remedy;
  }
}
