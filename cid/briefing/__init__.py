"""Pure decisions of the analysis desk: what is asked, how an answer is read, scored and matched."""
