/** Formats numbers for reading. */

/** A share or score to three decimals; a dash for none. */
export function decimal(value: number | null, digits = 3): string {
  return value === null ? '–' : value.toFixed(digits).replace('-', '−');
}

/** 0.1234 as "12.3 %"; a dash for none. */
export function percent(value: number | null): string {
  return value === null ? '–' : `${decimal(100 * value, 1)} %`;
}

/** A whole number with thousands separated. */
export function whole(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** Seconds as "3 h 12 min", "4 min 10 s" or "12.3 s". */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
