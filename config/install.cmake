# The example configuration: always with the documentation, and in /etc only where the administrator has none yet.
set(configuration ${PROJECT_SOURCE_DIR}/config/closesyncd.conf)
install(FILES ${configuration} DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(CODE "
  if(NOT EXISTS \"\$ENV{DESTDIR}/etc/closesyncd/closesyncd.conf\")
    file(INSTALL \"${configuration}\" DESTINATION /etc/closesyncd)
  endif()
  file(MAKE_DIRECTORY \"\$ENV{DESTDIR}/etc/closesyncd/closesyncd.conf.d\")")

# What one reads, in the folders of the source, so that the links between the pages work.
foreach(page README.md sql/README.md systemd/README.md)
  cmake_path(GET page PARENT_PATH folder)
  install(FILES ${PROJECT_SOURCE_DIR}/${page} DESTINATION ${CMAKE_INSTALL_DOCDIR}/${folder})
endforeach()

# Alerts and a dashboard, for whoever watches.
install(FILES ${PROJECT_SOURCE_DIR}/config/prometheus/closesyncd.rules.yml DESTINATION share/closesyncd)
install(FILES ${PROJECT_SOURCE_DIR}/config/grafana/closesyncd.json DESTINATION share/closesyncd RENAME closesyncd-grafana.json)

# Manual pages, where scdoc is there to make them; their date is the source's, not the day's.
find_program(SCDOC scdoc)
if(SCDOC)
  foreach(page closesyncd.1 closesyncd.conf.5)
    set(source ${PROJECT_SOURCE_DIR}/config/${page}.scd)
    set(made ${PROJECT_BINARY_DIR}/${page})
    add_custom_command(OUTPUT ${made} COMMAND ${CMAKE_COMMAND} -E env SOURCE_DATE_EPOCH=${SOURCE_DATE}
      sh -c "exec \"$1\" <\"$2\" >\"$3\"" sh ${SCDOC} ${source} ${made} DEPENDS ${source} VERBATIM)
    list(APPEND manual ${made})
    string(REGEX MATCH "[0-9]$" chapter ${page})
    install(FILES ${made} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${chapter})
  endforeach()
  add_custom_target(manual ALL DEPENDS ${manual})
endif()

# Completions, made from the table of commands by the binary itself; where Debian's shells look for them.
set(made_completions "")
foreach(shell bash zsh fish)
  set(places_bash closesyncd.bash ${CMAKE_INSTALL_DATADIR}/bash-completion/completions closesyncd)
  set(places_zsh _closesyncd ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions _closesyncd)
  set(places_fish closesyncd.fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d closesyncd.fish)
  list(GET places_${shell} 0 file)
  list(GET places_${shell} 1 folder)
  list(GET places_${shell} 2 installed)
  set(scripts ${PROJECT_SOURCE_DIR}/config/completion/table.awk ${PROJECT_SOURCE_DIR}/config/completion/${shell}.awk)
  set(made ${PROJECT_BINARY_DIR}/completions/${file})
  add_custom_command(OUTPUT ${made}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/completions
    COMMAND sh -c "\"$1\" --words | awk -f \"$2\" -f \"$3\" >\"$4\"" sh $<TARGET_FILE:closesyncd> ${scripts} ${made}
    DEPENDS closesyncd ${scripts} VERBATIM)
  list(APPEND made_completions ${made})
  install(FILES ${made} DESTINATION ${folder} RENAME ${installed})
endforeach()
add_custom_target(completions ALL DEPENDS ${made_completions})
