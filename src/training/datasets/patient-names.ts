/** Names of patients in configurations and options: whole, or all that begin alike (`TCGA-OL-*`). */

/** Whether a name or a beginning with `*` means the patient. */
export function isPatient(named: string, patient: string | null): boolean {
  if (patient === null) return false;
  return named.endsWith('*') ? patient.startsWith(named.slice(0, -1)) : patient === named;
}

/** Whether any of the names means the patient. */
export const isOneOf = (names: readonly string[], patient: string | null): boolean =>
  names.some((named) => isPatient(named, patient));
