"""The parts of the page: functions of `Exhibits` and of rows or arrays that store exhibits and give a Section."""
