/** A question and its answer as they were stored; an agent's steps come from the trace. */
import { useQuery } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import type { Message, RunDetail } from "@/shared/api/runTypes";
import { storedSteps } from "@/shared/sse/steps";
import classes from "../build.module.css";
import { Answer } from "./Answer";
import { answerOfMessage } from "./answerModel";

export function StoredTurn({ message, agent }: { message: Message; agent: boolean }) {
  const trace = useQuery({
    queryKey: ["run", message.id],
    queryFn: () => api.get<RunDetail>(`/runs/${message.id}`),
    enabled: agent,
    staleTime: Infinity,
  });
  const steps = (trace.data?.nodes ?? []).flatMap(storedSteps);
  return (
    <>
      {message.query && <div className={classes.question}>{message.query}</div>}
      <Answer answer={answerOfMessage(message, steps)} />
    </>
  );
}
