/** The state of a page in its address: a link shows what the sender saw. */
import { useSearchParams } from "react-router";

type Change = Record<string, string | null>;

export function useAddress() {
  const [params, setParams] = useSearchParams();
  const put = (change: Change, keepHistory = false) =>
    setParams(
      (current) => {
        const next = new URLSearchParams(current);
        for (const [name, value] of Object.entries(change)) {
          if (value) next.set(name, value);
          else next.delete(name);
        }
        return next;
      },
      { replace: !keepHistory },
    );
  return { get: (name: string) => params.get(name) ?? "", put };
}
