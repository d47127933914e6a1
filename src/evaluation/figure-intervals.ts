/** The 95 % intervals of a model's figures over patients. */
import { addCounts, createConfusionMatrix, type ConfusionMatrix } from './confusion-matrix.ts';
import { metricsOf, type Metrics } from './metrics.ts';
import { noObjects, objectFigures, poolObjects, type ObjectCounts, type ObjectFigures } from './objects.ts';
import { type PatientInterval, patientInterval } from './patient-bootstrap.ts';

/** What was counted in all images of one patient. */
export interface PatientCounts {
  readonly confusion: ConfusionMatrix;
  /** null if objects were not compared. */
  readonly objects: ObjectCounts | null;
}

export interface FigureIntervals {
  readonly patients: number;
  /** Per class. */
  readonly iou: readonly (PatientInterval | null)[];
  readonly miou: PatientInterval | null;
  readonly accuracy: PatientInterval | null;
  /** null if objects were not compared. */
  readonly objects: Readonly<Record<keyof ObjectFigures, PatientInterval | null>> | null;
}

/**
 * @param newRandom a new source of the same uniform numbers, so that each figure is computed from the same draws
 */
export function figureIntervals(
  patients: readonly PatientCounts[],
  newRandom: () => () => number,
): FigureIntervals {
  const [first] = patients;
  const classes = first?.confusion.classes ?? 2;
  const pixels = (of: (metrics: Metrics) => number | null): PatientInterval | null =>
    patientInterval(patients, (drawn) => of(metricsOf(pooledConfusion(drawn, classes))), newRandom());
  const objects = (name: keyof ObjectFigures): PatientInterval | null =>
    patientInterval(patients, (drawn) => objectFigures(pooledObjects(drawn))[name], newRandom());
  return {
    patients: patients.length,
    iou: Array.from({ length: classes }, (_, value) => pixels(({ iou }) => iou[value] ?? null)),
    miou: pixels(({ miou }) => miou),
    accuracy: pixels(({ accuracy }) => accuracy),
    objects:
      first === undefined || first.objects === null
        ? null
        : { f1: objects('f1'), dice: objects('dice'), hausdorff: objects('hausdorff') },
  };
}

function pooledConfusion(patients: readonly PatientCounts[], classes: number): ConfusionMatrix {
  const sum = createConfusionMatrix(classes);
  for (const { confusion } of patients) addCounts(sum, confusion);
  return sum;
}

/** All objects of several patients. */
export function pooledObjects(patients: readonly Pick<PatientCounts, 'objects'>[]): ObjectCounts {
  const sum = noObjects();
  for (const { objects } of patients) if (objects !== null) poolObjects(sum, objects);
  return sum;
}
