/** Whether something that was started together is still going. */
import { useCallback, useState } from "react";

export function useLiveCount() {
  const [count, setCount] = useState(0);
  const during = useCallback(async (all: Promise<unknown>) => {
    setCount((now) => now + 1);
    try {
      await all;
    } finally {
      setCount((now) => now - 1);
    }
  }, []);
  return { live: count > 0, during };
}
