/** Moves the view to typed coordinates. */
import { useState } from 'react';
import { QuestionDialog } from '../dialogs/question-dialog.tsx';
import { formatCount } from '../format.ts';
import { currentMpp } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { parseCoordinates } from './view-address.ts';

export function GoToDialog(): React.JSX.Element | null {
  const { store, navigation } = useWorkbench();
  const slide = useApp((state) => state.slide);
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  if (slide === null) return null;
  const mpp = currentMpp(slide);
  const { width, height } = slide.metadata;

  const submit = (): void => {
    const point = parseCoordinates(text, mpp);
    if (point === null) {
      setWrong(
        mpp === null
          ? 'Enter two numbers such as 1200, 3400. Without a slide resolution, only pixels work.'
          : 'Enter two numbers such as 1200, 3400 or 1.2 mm, 3.4 mm.',
      );
    } else if (point.x < 0 || point.y < 0 || point.x > width || point.y > height) {
      setWrong(`Outside the slide (${formatCount(width)} × ${formatCount(height)} px).`);
    } else {
      navigation.goToPoint(point.x, point.y);
      store.dispatch({ type: 'dialog', dialog: null });
    }
  };

  return (
    <QuestionDialog
      title="Go to"
      testId="go-to-dialog"
      label="x, y"
      value={text}
      onChange={(value) => {
        setText(value);
        setWrong(null);
      }}
      input={{ placeholder: mpp === null ? '1200, 3400' : '1200, 3400 or 1.2 mm, 3.4 mm' }}
      inputTestId="go-to-input"
      problem={wrong}
      help={`Origin: top left corner. Slide size: ${formatCount(width)} × ${formatCount(height)} px.`}
      submit="Go"
      onSubmit={submit}
    />
  );
}
